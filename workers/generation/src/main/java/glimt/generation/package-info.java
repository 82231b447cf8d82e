/**
 * What joins the kinds of samples to the pipeline that is the same for all of them.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.generation;

import org.jspecify.annotations.NullMarked;
