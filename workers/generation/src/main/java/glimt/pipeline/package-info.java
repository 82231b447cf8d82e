/**
 * Samples the levels of a cascade: cascaded diffusion (Ho et al. 2022, "Cascaded diffusion models
 * for high fidelity image generation").
 *
 * <p>This package connects the samplers of {@link glimt.diffusion} with the networks of {@link
 * glimt.bundle}. It samples one segment at a time: no files, no actors, so that serving and
 * evaluation share the code; it reads the clock only to time the networks. Read {@link
 * glimt.pipeline.Cascade} first. Prompts are encoded here too, if a bundle has a {@link
 * glimt.pipeline.Lexicon} after they were put into its names.
 */
@NullMarked
package glimt.pipeline;

import org.jspecify.annotations.NullMarked;
