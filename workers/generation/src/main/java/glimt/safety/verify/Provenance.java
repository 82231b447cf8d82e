package glimt.safety.verify;

import glimt.safety.watermark.FoundMark;
import java.util.Optional;

/**
 * What a file says of its origin.
 *
 * @param mark the watermark, if there is one
 */
public record Provenance(Optional<FoundMark> mark) {}
