/**
 * Encodes samples as files and intermediate estimates as previews.
 *
 * <p>The input is plain arrays, as {@link glimt.media.Frames}, {@link glimt.media.Picture} or
 * {@link glimt.media.PointCloud}; the output is bytes. {@link glimt.media.Video} and WebP in {@link
 * glimt.media.Stills} use {@link glimt.media.Ffmpeg}, a separate process; this JVM encodes
 * everything else. No tensors, no actors.
 */
@NullMarked
package glimt.media;

import org.jspecify.annotations.NullMarked;
