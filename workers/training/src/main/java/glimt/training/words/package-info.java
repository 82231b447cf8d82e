/**
 * What prompts may say, and how networks understand it: {@link glimt.training.words.MiniLm} brings
 * a published sentence encoder into a bundle.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.words;

import org.jspecify.annotations.NullMarked;
