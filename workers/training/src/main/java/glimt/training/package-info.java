/**
 * Networks are trained here.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training;

import org.jspecify.annotations.NullMarked;
