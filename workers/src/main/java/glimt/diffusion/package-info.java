/**
 * The mathematics of sampling: noise, schedules, denoisers, samplers, and the walk that joins them.
 *
 * <p>Pure: no I/O, no clock, no actors.
 */
@NullMarked
package glimt.diffusion;

import org.jspecify.annotations.NullMarked;
