package glimt.safety.verify;

import glimt.media.CloudFile;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.c2pa.ManifestReader;
import glimt.safety.watermark.CloudMark;
import glimt.safety.watermark.FoundMark;
import glimt.safety.watermark.MarkReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks into files for what generators leave there.
 *
 * @param ffmpeg decodes them
 */
public record Verifier(Ffmpeg ffmpeg) {
  /**
   * Looks into a file.
   *
   * @param sidecar the manifest that lay beside it; null if there was none
   * @throws IOException if it cannot be read
   * @throws MediaException if it is no video, image or point cloud, too large, or damaged
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  public Evidence evidence(Path file, byte @Nullable [] sidecar)
      throws IOException, InterruptedException {
    Optional<FoundMark> mark =
        CloudFile.isOne(file)
            ? CloudFile.colours(file).stream()
                .flatMap(rgb -> CloudMark.read(rgb).stream())
                .findFirst()
            : MarkReader.read(new Excerpt(ffmpeg).read(file));
    return new Evidence(mark, ManifestReader.read(file, sidecar));
  }
}
