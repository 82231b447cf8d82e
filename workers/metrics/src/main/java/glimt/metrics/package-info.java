/**
 * Established metrics for the quality of results.
 *
 * <p>This package contains pure functions of arrays and uses no I/O, clock or actors.
 */
@NullMarked
package glimt.metrics;

import org.jspecify.annotations.NullMarked;
