/**
 * What an image is: where its noise lies, how a level is enlarged to the next, and which files
 * people open.
 *
 * <p>No actors, no SQL, no HTTP, no clock, no randomness.
 */
@NullMarked
package glimt.image;

import org.jspecify.annotations.NullMarked;
