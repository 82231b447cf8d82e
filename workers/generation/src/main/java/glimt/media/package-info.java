/**
 * Samples become files people can open, and estimates become previews.
 *
 * <p>No tensors, no actors: plain arrays in, bytes out. {@link glimt.media.Frames} and {@link
 * glimt.media.PointCloud} are what comes in; {@link glimt.media.Video} makes moving pictures with
 * {@link glimt.media.Ffmpeg}, a program of its own; everything else is made in this process.
 */
@NullMarked
package glimt.media;

import org.jspecify.annotations.NullMarked;
