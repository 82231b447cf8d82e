/**
 * The types of a bundle's card: networks, encoders and codecs, how levels are cut and sampled, and
 * how prompts are read.
 *
 * <p>Pure JDK: no I/O, no clock, no SQL, no JSON.
 */
@NullMarked
package glimt.model;

import org.jspecify.annotations.NullMarked;
