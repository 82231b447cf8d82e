/**
 * Samples become files people can open, and estimates become previews.
 *
 * <p>No tensors, no actors: plain arrays in, bytes out.
 */
@NullMarked
package glimt.media;

import org.jspecify.annotations.NullMarked;
