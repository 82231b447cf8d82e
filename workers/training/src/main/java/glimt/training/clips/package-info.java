/**
 * Scenes to train the bundle {@code clips} on: an animated sprite moves over a coloured background,
 * and a caption says so. {@link glimt.training.clips.Grammar} is what there is to say, {@link
 * glimt.training.clips.Renderer} what it looks like, {@link glimt.training.clips.ClipData} what
 * each level is shown of it. {@link glimt.training.clips.ClipEvaluation} measures what came of it.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.clips;

import org.jspecify.annotations.NullMarked;
