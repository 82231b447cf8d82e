/**
 * What prompts may say, and how networks understand it: {@link glimt.training.words.MiniLm} brings
 * a published sentence encoder into a bundle, {@link glimt.training.words.CaptionGrammar} draws
 * captions, with synonyms and phrasings that are held out of training, and {@link
 * glimt.training.words.CaptionStates} keeps the encoded captions for training.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.words;

import org.jspecify.annotations.NullMarked;
