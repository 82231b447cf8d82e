/**
 * The mathematics of sampling: noise, schedules, denoisers, samplers, and the walk that joins them.
 *
 * <p><b>One coordinate system.</b> A noisy sample is x = x0 + &sigma; n, with n of unit variance
 * and &sigma; the noise level (Karras et al. 2022, &sect;2). A network that was trained in other
 * coordinates meets this one at its edge, in {@link glimt.diffusion.Preconditioning}: a
 * variance-preserving sample is x / sqrt(1 + &sigma;&sup2;), a flow-matching one is x / (1 +
 * &sigma;). Zero signal has no finite &sigma;: {@link glimt.diffusion.NoiseSchedule#NO_SIGNAL}
 * stands for it.
 *
 * <p><b>One denoiser.</b> {@link glimt.diffusion.Denoiser} is D(x; &sigma;), the best guess of x0.
 * Preconditioning, guidance and thresholding all end in one.
 *
 * <p><b>A sampler is an equation.</b> {@link glimt.diffusion.Sampler} takes one {@link
 * glimt.diffusion.Step} to one {@link glimt.diffusion.Move}: it sees where the sample is, may ask
 * the denoiser, a short past of estimates, numbered draws of noise and its own small {@link
 * glimt.diffusion.Memory}. The loop, interruption, native memory, observation and what a checkpoint
 * holds belong to {@link glimt.diffusion.Trajectory} alone. Read Sampler, then Trajectory.
 *
 * <p><b>Arrays.</b> The first axis is the batch. Samples are float32 or float64, scalars are
 * doubles on the JVM, and tensors meet only in linear combinations of them.
 *
 * <p>Pure: no I/O, no clock, no actors, no randomness but {@link glimt.diffusion.Noise}.
 */
@NullMarked
package glimt.diffusion;

import org.jspecify.annotations.NullMarked;
