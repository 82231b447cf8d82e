package glimt.gateway;

import glimt.artifact.Artifacts;
import glimt.artifact.DamagedArtifact;
import glimt.coordinator.Farm;
import glimt.job.Artifact;
import glimt.job.JobView;
import glimt.job.Product;
import glimt.ledger.Tasks;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves artifacts over HTTP (RFC 9110): whole, one range, or 304 if the client has the artifact
 * already. An artifact's id is its strong entity tag, since it is the digest of its bytes.
 */
final class Download {
  private static final Logger LOG = LoggerFactory.getLogger(Download.class);
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

  private final RequestContext desk;
  private final Artifacts artifacts;
  private final Tasks tasks;
  private final Farm farm;

  Download(RequestContext desk, Artifacts artifacts, Tasks tasks, Farm farm) {
    this.desk = desk;
    this.artifacts = artifacts;
    this.tasks = tasks;
    this.farm = farm;
  }

  /** What follows the path of a media file in that of the manifest beside it. */
  static final String CREDENTIALS_QUERY = "?format=" + Product.CREDENTIALS_ENDING;

  /** The name of the newest finished level. */
  static final String RESULT = "result";

  /**
   * The artifact that a path names: the media file of a level by the level's name, or that of the
   * newest finished level by {@link #RESULT}; any artifact of the job by its digest.
   */
  static Optional<LevelArtifact> find(JobView job, String name) {
    return find(job, name, Product.Role.MEDIA);
  }

  /** As above, but a level's name stands for its artifact with this role. */
  static Optional<LevelArtifact> find(JobView job, String name, Product.Role role) {
    Optional<LevelArtifact> named =
        all(job)
            .filter(
                one ->
                    one.artifact().id().sha256().equals(name)
                        || (one.role() == role && one.level().equals(name)))
            .findFirst();
    return named.isPresent() || !name.equals(RESULT)
        ? named
        : all(job).filter(one -> one.role() == role).reduce((_, newer) -> newer);
  }

  private static Stream<LevelArtifact> all(JobView job) {
    return job.levels().stream()
        .flatMap(
            level ->
                level.products().stream()
                    .map(
                        product ->
                            new LevelArtifact(level.name(), product.artifact(), product.role())));
  }

  /** An artifact, the name of its level, and what it is there for. */
  record LevelArtifact(String level, Artifact artifact, Product.Role role) {}

  /** The bytes from {@code start}, inclusive, to {@code end}, exclusive. */
  record Range(long start, long end) {}

  Future<Void> send(RoutingContext ctx, JobView job, LevelArtifact named) {
    Artifact artifact = named.artifact();
    if (find(job, named.level(), Product.Role.CREDENTIALS).isPresent()
        && !artifact.mediaType().equals(Product.CREDENTIALS_TYPE)) {
      // By the C2PA specification, how a validator finds the manifest of what it downloads.
      String href = JobDocument.path(job.id()) + "/artifacts/" + named.level() + CREDENTIALS_QUERY;
      ctx.response()
          .putHeader(
              "Link", "<%s>; rel=\"c2pa-manifest\"".formatted(AccessCheck.prefix(ctx) + href));
    }
    return desk.ask(() -> whole(job, artifact))
        .compose(
            file -> send(ctx, artifact, file, JobDocument.fileName(job, named.level(), artifact)));
  }

  /**
   * The bytes of an artifact; blocks.
   *
   * @throws Problem.ProblemException if it is missing or damaged: 503 while it is made again, or
   *     410
   */
  byte[] bytes(JobView job, Artifact artifact) throws IOException {
    return Files.readAllBytes(whole(job, artifact));
  }

  /** Makes a JPEG of a video file. */
  interface Still {
    byte[] of(Path file) throws InterruptedException;
  }

  /** Sends a picture of an artifact; its entity tag follows from the artifact's. */
  Future<Void> still(RoutingContext ctx, JobView job, LevelArtifact named, Still still) {
    String variant = ctx.queryParams().get("variant");
    String tag = "\"%s-%s\"".formatted(named.artifact().id().sha256(), variant);
    HttpServerResponse response =
        ctx.response()
            .putHeader(HttpHeaders.ETAG, tag)
            .putHeader(HttpHeaders.CACHE_CONTROL, "private, no-cache");
    if (Conditions.isKnown(ctx.request(), tag)) {
      return response.setStatusCode(304).end();
    }
    return desk.ask(() -> still.of(whole(job, named.artifact())))
        .compose(
            bytes ->
                RequestContext.end(
                    response.putHeader(HttpHeaders.CONTENT_TYPE, Thumbnailer.MEDIA_TYPE),
                    Buffer.buffer(bytes)));
  }

  /**
   * The file of an artifact, with its digest verified.
   *
   * @throws Problem.Refusal if it is missing or damaged: 503 while it is made again, or 410
   */
  private Path whole(JobView job, Artifact artifact) {
    try {
      return artifacts.file(artifact.id());
    } catch (DamagedArtifact e) {
      if (!tasks.remake(job.id(), artifact.id())) {
        throw Problem.lost().refusal(e);
      }
      LOG.warn("{}; it is being made again", e.getMessage());
      farm.tasksReady();
      throw Problem.remaking().refusal(e);
    }
  }

  private static Future<Void> send(
      RoutingContext ctx, Artifact artifact, Path file, String fileName) {
    HttpServerRequest request = ctx.request();
    HttpServerResponse response = ctx.response();
    String tag = '"' + artifact.id().sha256() + '"';
    response
        .putHeader(HttpHeaders.ETAG, tag)
        .putHeader(HttpHeaders.ACCEPT_RANGES, "bytes")
        // An artifact never changes, but revalidation is cheap and notices when it is deleted.
        .putHeader(HttpHeaders.CACHE_CONTROL, "private, no-cache");
    if (Conditions.isKnown(request, tag)) {
      return response.setStatusCode(304).end();
    }
    response
        .putHeader(HttpHeaders.CONTENT_TYPE, artifact.mediaType())
        .putHeader("Content-Disposition", "inline; filename=\"" + fileName + '"');
    Optional<Range> asked =
        Conditions.isOfThis(request, tag)
            ? range(request.getHeader("Range"), artifact.length())
            : Optional.empty();
    Range range = asked.orElse(new Range(0, artifact.length()));
    if (asked.isPresent()) {
      response
          .setStatusCode(206)
          .putHeader(
              HttpHeaders.CONTENT_RANGE,
              "bytes %s-%s/%s".formatted(range.start(), range.end() - 1, artifact.length()));
    }
    long length = range.end() - range.start();
    response.putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(length));
    return request.method().equals(HttpMethod.HEAD) || length == 0
        ? response.end()
        : response.sendFile(file.toString(), range.start(), length);
  }

  /**
   * The requested range. Empty for the whole file, also if the header is malformed or asks for
   * several ranges, which RFC 9110 section 14.2 lets a server ignore.
   *
   * @throws Problem.Refusal 416, if the range begins beyond the end
   */
  static Optional<Range> range(@Nullable String header, long length) {
    Matcher asked = RANGE.matcher(header == null ? "" : header.strip());
    if (!asked.matches() || (asked.group(1).isEmpty() && asked.group(2).isEmpty())) {
      return Optional.empty();
    }
    long start;
    long end = length;
    if (asked.group(1).isEmpty()) {
      start = Math.max(0, length - Long.parseLong(asked.group(2)));
    } else {
      start = Long.parseLong(asked.group(1));
      if (!asked.group(2).isEmpty()) {
        long last = Long.parseLong(asked.group(2));
        if (last < start) {
          return Optional.empty();
        }
        end = Math.min(length, last + 1);
      }
    }
    if (start >= end) {
      throw Problem.range(length).refusal();
    }
    return Optional.of(new Range(start, end));
  }
}
