/**
 * Coloured objects as training data for the bundle {@code objects}: what files hold, what a caption
 * says, which are held out, how they are varied.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.objects;

import org.jspecify.annotations.NullMarked;
