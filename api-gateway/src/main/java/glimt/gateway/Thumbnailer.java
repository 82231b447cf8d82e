package glimt.gateway;

import java.nio.file.Path;

/** Makes JPEG pictures of a video file. */
public interface Thumbnailer {
  /** The media type of the pictures. */
  String MEDIA_TYPE = "image/jpeg";

  /**
   * The middle frame of a video, in its full size.
   *
   * @param frames how many frames the video has
   * @return a JPEG
   */
  byte[] thumbnail(Path video, int frames) throws InterruptedException;

  /**
   * A sprite sheet: frames of a video, evenly spread over it, in rows.
   *
   * @param frames how many frames the video has
   * @return a JPEG
   */
  byte[] sheet(Path video, int frames) throws InterruptedException;
}
