package glimt.deploy.node;

import glimt.gateway.Inspector;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.MediaException;
import glimt.safety.c2pa.ManifestVerdict;
import glimt.safety.verify.Evidence;
import glimt.safety.verify.Verifier;
import glimt.safety.watermark.FoundMark;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Inspects files with FFmpeg, which is unpacked at the first use.
 *
 * @param cache where programs are unpacked
 */
public record FileInspector(Path cache) implements Inspector {
  @Override
  public Inspected inspect(Path file, byte @Nullable [] credentials)
      throws IOException, InterruptedException {
    try {
      Evidence found = new Verifier(Ffmpeg.unpackedIn(cache)).evidence(file, credentials);
      ManifestVerdict manifest = found.manifest();
      return new Inspected(
          found.mark().map(mark -> HexFormat.of().toHexDigits(mark.mark())).orElse(null),
          found.mark().map(FoundMark::confidence).orElse(0.0),
          new Credentials(
              manifest.state().name().toLowerCase(Locale.ROOT),
              manifest.reason(),
              manifest.signer(),
              manifest.certificate()));
    } catch (MediaException e) {
      throw new Unreadable(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void decode(Path file) throws InterruptedException {
    try {
      new Excerpt(Ffmpeg.unpackedIn(cache)).read(file);
    } catch (MediaException e) {
      throw new Unreadable(String.valueOf(e.getMessage()), e);
    }
  }
}
