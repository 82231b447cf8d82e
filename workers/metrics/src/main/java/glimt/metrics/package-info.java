/**
 * Established metrics for the quality of results.
 *
 * <p>Pure functions of arrays: no I/O, no clock, no actors.
 */
@NullMarked
package glimt.metrics;

import org.jspecify.annotations.NullMarked;
