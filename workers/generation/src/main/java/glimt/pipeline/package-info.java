/**
 * How a level is made: cascaded diffusion (Ho et al. 2022, "Cascaded diffusion models for high
 * fidelity image generation").
 *
 * <p>Here the mathematics of {@link glimt.diffusion} meets the networks of {@link glimt.bundle}.
 * One segment is sampled at a time, in words, numbers and arrays: no files, no actors, so that a
 * worker and an evaluation make the same thing; the one clock times the networks. Read {@link
 * glimt.pipeline.Cascade} first.
 */
@NullMarked
package glimt.pipeline;

import org.jspecify.annotations.NullMarked;
