package glimt.gateway;

import glimt.artifact.Artifacts;
import glimt.artifact.DamagedArtifact;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Clips that jobs begin with. A client uploads one first and names it by what the answer calls it,
 * the digest of its bytes. One that no job asks for is removed after some minutes.
 */
final class InputClips {
  /** The most bytes of a clip. */
  static final int LIMIT = 64 << 20;

  static final List<String> TYPES = List.of("video/mp4", "video/webm", "image/gif");

  private final RequestContext desk;
  private final Artifacts artifacts;
  private final Inspector inspector;

  /** One is decoded at a time. */
  private final Semaphore free = new Semaphore(1);

  InputClips(RequestContext desk, Artifacts artifacts, Inspector inspector) {
    this.desk = desk;
    this.artifacts = artifacts;
    this.inspector = inspector;
  }

  Future<?> upload(RoutingContext ctx) {
    return Body.file(ctx, TYPES, LIMIT)
        .compose(bytes -> desk.ask(() -> stored(bytes)))
        .compose(
            clip ->
                RequestContext.answer(
                    ctx,
                    201,
                    Json.mapper()
                        .createObjectNode()
                        .put("video", clip.id().sha256())
                        .put("bytes", clip.length())));
  }

  /**
   * Stores a clip; blocks.
   *
   * @throws Problem.ProblemException if it is none that can be read
   */
  ArtifactId put(byte[] bytes) throws IOException, InterruptedException {
    return stored(bytes).id();
  }

  private Artifact stored(byte[] bytes) throws IOException, InterruptedException {
    free.acquire();
    Path file = Files.createTempFile("glimt-clip-", ".bin");
    try {
      Files.write(file, bytes);
      inspector.decode(file);
      return artifacts.put(TYPES.getFirst(), file);
    } catch (Inspector.Unreadable e) {
      throw Problem.malformed(e.why()).refusal(e);
    } finally {
      Files.deleteIfExists(file);
      free.release();
    }
  }

  /**
   * Keeps a clip until the job that begins with it is written.
   *
   * @throws InvalidSpec if it is not there
   */
  void keep(ArtifactId clip) {
    try {
      artifacts.put(TYPES.getFirst(), artifacts.file(clip));
    } catch (DamagedArtifact gone) {
      throw new InvalidSpec(
          "input_video", "is not there, or no longer; upload it with POST /v1/clips");
    }
  }
}
