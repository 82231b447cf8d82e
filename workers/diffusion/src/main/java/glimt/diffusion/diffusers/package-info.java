/**
 * Converts the settings of a published {@code scheduler_config.json} of huggingface/diffusers into
 * a {@link glimt.diffusion.WalkRecipe}, and those of Point-E's sampler alike. Start at {@link
 * glimt.diffusion.diffusers.PublishedWalk}.
 *
 * <p>Every setting is either implemented or rejected by name; none is approximated. Where diffusers
 * deviates from the paper of a scheduler, this package follows diffusers and selects that variant
 * in {@link glimt.diffusion}, whose documentation describes the difference.
 *
 * <p>No files, no JSON. The package contains nothing of diffusers except the names and defaults of
 * settings.
 */
@NullMarked
package glimt.diffusion.diffusers;

import org.jspecify.annotations.NullMarked;
