/**
 * The mathematics of sampling: noise, schedules, denoisers, samplers, and the walk that combines
 * them.
 *
 * <p><b>One coordinate system.</b> A noisy sample is x = x0 + &sigma; n, with n of unit variance
 * and &sigma; the noise level (Karras et al. 2022, &sect;2). {@link
 * glimt.diffusion.Preconditioning} converts the inputs and outputs of networks that were trained in
 * other coordinates: a variance-preserving sample is x / sqrt(1 + &sigma;&sup2;), a flow-matching
 * one is x / (1 + &sigma;). A sample without signal has no finite &sigma;; {@link
 * glimt.diffusion.NoiseSchedule#NO_SIGNAL} represents it.
 *
 * <p><b>One denoiser.</b> {@link glimt.diffusion.Denoiser} is D(x; &sigma;), the prediction of x0.
 * Preconditioning, guidance and thresholding all produce a denoiser.
 *
 * <p><b>A sampler is an equation.</b> {@link glimt.diffusion.Sampler} maps a {@link
 * glimt.diffusion.Step} to a {@link glimt.diffusion.Move}. It has access to the sample, the
 * denoiser, a few past estimates, numbered draws of noise and its own {@link
 * glimt.diffusion.Memory}. Only {@link glimt.diffusion.Trajectory} contains the loop and handles
 * interruption, native memory, observation and checkpoints. Read Sampler, then Trajectory.
 *
 * <p><b>Arrays.</b> The first axis is the batch. Samples are float32 or float64; scalars are
 * doubles in the JVM, and samplers compute linear combinations of arrays with scalar weights.
 *
 * <p>The package is pure: no I/O, no clock, no actors, no randomness other than {@link
 * glimt.diffusion.Noise}.
 */
@NullMarked
package glimt.diffusion;

import org.jspecify.annotations.NullMarked;
