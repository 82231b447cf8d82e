package glimt.safety.verify;

import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.watermark.MarkReader;
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
   * @throws MediaException if it is no video or image, too large, or damaged
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  public Provenance provenance(Path file) throws InterruptedException {
    // Each kind of evidence is a line here, and a component of Provenance.
    return new Provenance(MarkReader.read(new Excerpt(ffmpeg).read(file)));
  }
}
