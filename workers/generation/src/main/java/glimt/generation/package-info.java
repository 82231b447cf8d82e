/**
 * Connects each kind of sample to the pipeline that all kinds share.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.generation;

import org.jspecify.annotations.NullMarked;
