/**
 * How good a result is, in the field's own measures.
 *
 * <p>Pure functions of arrays: no I/O, no clock, no actors.
 */
@NullMarked
package glimt.metrics;

import org.jspecify.annotations.NullMarked;
