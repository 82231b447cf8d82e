package glimt.safety.verify;

import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.c2pa.ManifestReader;
import glimt.safety.watermark.MarkReader;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Looks into files for what generators leave there.
 *
 * @param ffmpeg decodes them
 */
public record Verifier(Ffmpeg ffmpeg) {
  /**
   * Looks into a file.
   *
   * @throws IOException if it cannot be read
   * @throws MediaException if it is no video or image, too large, or damaged
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  public Evidence evidence(Path file) throws IOException, InterruptedException {
    return new Evidence(MarkReader.read(new Excerpt(ffmpeg).read(file)), ManifestReader.read(file));
  }
}
