package glimt.safety.verify;

import glimt.media.CloudFile;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.c2pa.ManifestReader;
import glimt.safety.c2pa.ManifestVerdict;
import glimt.safety.c2pa.ManifestVerdict.State;
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
   * Looks into a file. One that cannot be decoded, but carries a manifest that it no longer fits,
   * has no mark.
   *
   * @param sidecar the manifest that lay beside it; null if there was none
   * @throws IOException if it cannot be read
   * @throws MediaException if it is no video, image or point cloud, too large, or damaged
   * @throws InterruptedException if this thread is interrupted while ffmpeg runs
   */
  public Evidence evidence(Path file, byte @Nullable [] sidecar)
      throws IOException, InterruptedException {
    ManifestVerdict manifest = ManifestReader.read(file, sidecar);
    try {
      return new Evidence(mark(file), manifest);
    } catch (MediaException damaged) {
      // The manifest of a file that was damaged since still says where it is from.
      if (manifest.state() == State.INVALID) {
        return new Evidence(Optional.empty(), manifest);
      }
      throw damaged;
    }
  }

  private Optional<FoundMark> mark(Path file) throws IOException, InterruptedException {
    return CloudFile.isOne(file)
        ? CloudFile.colours(file).stream().flatMap(rgb -> CloudMark.read(rgb).stream()).findFirst()
        : MarkReader.read(new Excerpt(ffmpeg).read(file));
  }
}
