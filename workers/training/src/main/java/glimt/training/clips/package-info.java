/**
 * The dataset of the bundle {@code clips}: scenes in which an animated sprite moves over a coloured
 * background, with captions. {@link glimt.training.clips.Grammar} defines scenes and captions,
 * {@link glimt.training.clips.Renderer} renders them, {@link glimt.training.clips.ClipData}
 * provides the training samples of each level, and {@link glimt.training.clips.ClipAssessor}
 * measures results.
 *
 * <p>No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.training.clips;

import org.jspecify.annotations.NullMarked;
