package glimt.media;

import glimt.job.Format;
import java.util.List;

/** Pictures become files. The same picture always becomes the same bytes. */
public final class Stills {
  private static final float JPEG_QUALITY = 0.95f;

  private final Ffmpeg ffmpeg;

  public Stills(Ffmpeg ffmpeg) {
    this.ffmpeg = ffmpeg;
  }

  /**
   * The picture as a file.
   *
   * @throws IllegalArgumentException if the format is none of pictures
   * @throws MediaException if the file cannot be made
   */
  public byte[] bytes(Picture picture, Format format) throws InterruptedException {
    return switch (format) {
      case PNG -> picture.png();
      case JPEG -> SpriteSheet.jpeg(picture, JPEG_QUALITY);
      case WEBP -> webp(picture);
      case MP4, WEBM, GIF, APNG, GLB, PLY ->
          throw new IllegalArgumentException("a picture cannot be written as " + format);
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
