package glimt.gateway;

import java.nio.file.Path;

/** Shows a video's file as a JPEG. */
public interface Thumbnailer {
  String MEDIA_TYPE = "image/jpeg";

  /**
   * One of its frames.
   *
   * @param frames how many it has
   */
  byte[] thumbnail(Path video, int frames) throws InterruptedException;

  /** Some of its frames, evenly spread, row by row. */
  byte[] sheet(Path video, int frames) throws InterruptedException;
}
