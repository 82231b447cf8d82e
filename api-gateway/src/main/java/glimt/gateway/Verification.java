package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.gateway.Inspector.Inspected;
import glimt.job.ArtifactId;
import glimt.job.JobView;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Jobs;
import glimt.ledger.Signers;
import glimt.ledger.Signers.SignerStanding;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Tells of a file that a client sends whether this farm made it, and in which job. */
final class Verification {
  /** The most bytes of a file. */
  static final int LIMIT = 64 << 20;

  /** The type of a file is found in its bytes, so a client need not name it. */
  private static final List<String> TYPES =
      List.of(
          "application/octet-stream",
          "video/mp4",
          "video/webm",
          "image/gif",
          "image/apng",
          "image/png",
          "image/jpeg",
          "image/webp",
          "model/gltf-binary",
          "application/ply",
          "multipart/form-data");

  private static final String FILE = "file";

  private static final String CREDENTIALS = "credentials";

  /** A file takes seconds of a processor, and far more memory than it has bytes. */
  private static final int AT_ONCE = 1;

  private final RequestContext desk;
  private final Jobs jobs;
  private final Signers signers;
  private final Inspector inspector;
  private final Semaphore free = new Semaphore(AT_ONCE);

  Verification(RequestContext desk, Jobs jobs, Signers signers, Inspector inspector) {
    this.desk = desk;
    this.jobs = jobs;
    this.signers = signers;
    this.inspector = inspector;
  }

  Future<?> verify(RoutingContext ctx) {
    String prefix = AccessCheck.prefix(ctx);
    TenantId tenant = RequestContext.tenant(ctx);
    return sent(ctx)
        .compose(sent -> desk.ask(() -> known(sent, tenant, prefix)))
        .compose(known -> RequestContext.answer(ctx, 200, known));
  }

  /**
   * What a client sent.
   *
   * @param credentials the manifest that lay beside the file; null if there was none
   */
  private record Sent(byte[] file, byte @Nullable [] credentials) {
    static Sent of(Map<String, byte[]> form) {
      byte[] file = form.get(FILE);
      if (file == null) {
        throw Problem.invalid(FILE, "must be the file to look into").refusal();
      }
      return new Sent(file, form.get(CREDENTIALS));
    }
  }

  private static Future<Sent> sent(RoutingContext ctx) {
    return Body.isForm(ctx)
        ? Body.files(ctx, List.of(FILE, CREDENTIALS), LIMIT).map(Sent::of)
        : Body.file(ctx, TYPES, LIMIT).map(file -> new Sent(file, null));
  }

  private ObjectNode known(Sent sent, TenantId tenant, String prefix)
      throws IOException, InterruptedException {
    Inspected seen = inspected(sent);
    String mark = seen.watermark();
    // A file that was not changed is known by its bytes, with a mark or without.
    Optional<JobView> job =
        jobs.made(tenant, ArtifactId.of(sent.file()))
            .or(() -> mark == null ? Optional.empty() : jobs.marked(tenant, mark));
    ObjectNode out = Json.mapper().createObjectNode().put("ours", job.isPresent());
    out.set("watermark", mark == null ? null : watermark(mark, seen.confidence()));
    out.set("content_credentials", credentials(seen.credentials()));
    out.set("job", job.map(found -> JobDocument.brief(found, prefix)).orElse(null));
    return out;
  }

  private ObjectNode credentials(Inspector.Credentials found) {
    String certificate = found.certificate();
    SignerStanding standing =
        certificate == null ? null : signers.standing(new ArtifactId(certificate)).orElse(null);
    return Json.mapper()
        .createObjectNode()
        .put("state", found.state())
        .put("reason", found.reason())
        .put("signer", found.signer())
        .put("signer_of_farm", standing == null ? null : JobDocument.word(standing));
  }

  private static ObjectNode watermark(String mark, double confidence) {
    return Json.mapper()
        .createObjectNode()
        .put("mark", mark)
        .put("confidence", Math.round(confidence * 10) / 10.0);
  }

  private Inspected inspected(Sent sent) throws IOException, InterruptedException {
    free.acquire();
    @Nullable Path file = null;
    try {
      file = Files.createTempFile("glimt-verify-", ".bin");
      Files.write(file, sent.file());
      return inspector.inspect(file, sent.credentials());
    } catch (Inspector.Unreadable e) {
      throw Problem.malformed(e.why()).refusal(e);
    } finally {
      free.release();
      if (file != null) {
        Files.deleteIfExists(file);
      }
    }
  }
}
