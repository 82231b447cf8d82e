package glimt.safety.verify;

import glimt.safety.c2pa.ManifestVerdict;
import glimt.safety.watermark.FoundMark;
import java.util.Optional;

/**
 * What a file says of its origin.
 *
 * @param mark the watermark, if there is one
 * @param manifest what its Content Credentials say, or that it has none
 */
public record Evidence(Optional<FoundMark> mark, ManifestVerdict manifest) {}
