/**
 * Connects each kind of sample to the pipeline that all kinds share.
 *
 * <p>This package uses no actors, SQL or HTTP.
 */
@NullMarked
package glimt.generation;

import org.jspecify.annotations.NullMarked;
