package glimt.media;

import glimt.job.Format;
import java.util.List;

/** Encodes pictures as files. Equal pictures give equal bytes. */
public final class Stills {
  private static final float JPEG_QUALITY = 0.95f;

  private final Ffmpeg ffmpeg;

  /**
   * Creates an encoder.
   *
   * @param ffmpeg encodes WebP, which the JDK does not support
   */
  public Stills(Ffmpeg ffmpeg) {
    this.ffmpeg = ffmpeg;
  }

  /**
   * Encodes a picture.
   *
   * @throws IllegalArgumentException if the format cannot hold a picture
   * @throws MediaException if the encoder fails
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  public byte[] bytes(Picture picture, Format format) throws InterruptedException {
    return switch (format) {
      case PNG -> picture.png();
      case JPEG -> SpriteSheet.jpeg(picture, JPEG_QUALITY);
      case WEBP -> webp(picture);
      case MP4, WEBM, GIF, APNG, GLB, PLY ->
          throw new IllegalArgumentException(
              "a picture cannot be written as " + format + "; use PNG, JPEG or WEBP");
    };
  }

  private byte[] webp(Picture picture) throws InterruptedException {
    return ffmpeg.run(
        "ffmpeg",
        List.of(
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-video_size",
            picture.width() + "x" + picture.height(),
            "-i",
            "pipe:0",
            "-frames:v",
            "1",
            "-threads",
            "1",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-c:v",
            "libwebp",
            "-quality",
            "92",
            "-f",
            "webp",
            "pipe:1"),
        picture.rgb());
  }
}
