/**
 * What a published {@code scheduler_config.json} of huggingface/diffusers walks by: a map of
 * settings becomes a {@link glimt.diffusion.WalkRecipe}. Start at {@link
 * glimt.diffusion.diffusers.PublishedWalk}.
 *
 * <p>Every setting is honoured or refused by its name; none is approximated. Where diffusers steps
 * otherwise than the paper it names, this package asks the library for that step, and the library
 * says there what differs and why.
 *
 * <p>No files, no JSON. Of diffusers it holds nothing but the names and defaults of settings.
 */
@NullMarked
package glimt.diffusion.diffusers;

import org.jspecify.annotations.NullMarked;
