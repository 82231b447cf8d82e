package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobView;
import glimt.ledger.Bundles;
import glimt.model.Kind;
import java.util.Objects;

/** Writes a job as the video that OpenAI's clients expect. */
final class VideoDocument {
  private final Bundles bundles;

  VideoDocument(Bundles bundles) {
    this.bundles = bundles;
  }

  /** Blocks if the job's card is not known yet. */
  ObjectNode of(JobView job) {
    Bundles.CatalogueEntry bundle =
        bundles
            .byDigest(job.card())
            .orElseThrow(() -> new IllegalStateException("no card " + job.card()));
    ObjectNode file = JobDocument.file(Kind.VIDEO, job.levels().getLast());
    return MediaDocument.of(job, "video")
        .put("remixed_from_video_id", Objects.toString(job.origin(), null))
        .put("seconds", VideoRequest.seconds(bundle.card()).toPlainString())
        .put("size", file.get("width").intValue() + "x" + file.get("height").intValue());
  }
}
