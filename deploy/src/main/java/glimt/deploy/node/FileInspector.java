package glimt.deploy.node;

import glimt.gateway.Inspector;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.verify.Provenance;
import glimt.safety.verify.Verifier;
import glimt.safety.watermark.FoundMark;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Inspects files with FFmpeg, which is unpacked at the first use.
 *
 * @param cache where programs are unpacked
 */
public record FileInspector(Path cache) implements Inspector {
  @Override
  public Inspected inspect(Path file) throws InterruptedException {
    try {
      Provenance found = new Verifier(Ffmpeg.unpackedIn(cache)).provenance(file);
      return new Inspected(
          found.mark().map(mark -> HexFormat.of().toHexDigits(mark.mark())).orElse(null),
          found.mark().map(FoundMark::confidence).orElse(0.0));
    } catch (MediaException e) {
      throw new Unreadable(String.valueOf(e.getMessage()), e);
    }
  }
}
