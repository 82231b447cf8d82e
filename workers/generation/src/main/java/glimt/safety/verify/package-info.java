/**
 * Finds out what a file of unknown origin says of how it was made. No actors, no SQL, no HTTP, no
 * tensors.
 *
 * <p>The file may be anything: it is decoded in a process of its own, as the one format that its
 * first bytes announce, up to fixed limits of pixels, frames and time.
 */
@NullMarked
package glimt.safety.verify;

import org.jspecify.annotations.NullMarked;
