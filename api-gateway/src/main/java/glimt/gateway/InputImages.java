package glimt.gateway;

import glimt.artifact.Artifacts;
import glimt.artifact.DamagedArtifact;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Pictures that jobs begin with. A client uploads one first and names it by what the answer calls
 * it, the digest of its bytes. One that no job asks for is removed after some minutes.
 */
final class InputImages {
  /** The most bytes of a picture. */
  static final int LIMIT = 16 << 20;

  /** The longest side of a picture, in pixels. */
  static final int SIDE_LIMIT = 4096;

  private static final List<String> TYPES = List.of("image/png", "image/jpeg");

  private final RequestContext desk;
  private final Artifacts artifacts;
  private final ReentrantLock reading = new ReentrantLock();

  InputImages(RequestContext desk, Artifacts artifacts) {
    this.desk = desk;
    this.artifacts = artifacts;
  }

  Future<?> upload(RoutingContext ctx) {
    return Body.file(ctx, TYPES, LIMIT)
        .compose(bytes -> desk.ask(() -> stored(bytes)))
        .compose(
            image ->
                RequestContext.answer(
                    ctx,
                    201,
                    Json.mapper()
                        .createObjectNode()
                        .put("image", image.id().sha256())
                        .put("bytes", image.length())));
  }

  /**
   * Stores a picture; blocks.
   *
   * @throws Problem.ProblemException if it is no PNG or JPEG, or too large
   */
  ArtifactId put(byte[] bytes) throws IOException {
    if (bytes.length > LIMIT) {
      throw Problem.tooLarge(LIMIT).refusal();
    }
    return stored(bytes).id();
  }

  /** One at a time, because a picture takes far more memory than its file. */
  private Artifact stored(byte[] bytes) throws IOException {
    reading.lock();
    try {
      return checked(bytes);
    } finally {
      reading.unlock();
    }
  }

  private Artifact checked(byte[] bytes) throws IOException {
    try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw Problem.malformed("the body is no PNG or JPEG").refusal();
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in);
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        if (width > SIDE_LIMIT || height > SIDE_LIMIT) {
          throw Problem.malformed(
                  "the picture has %sx%s pixels; no side may be longer than %s"
                      .formatted(width, height, SIDE_LIMIT))
              .refusal();
        }
        reader.read(0);
        String type = reader.getFormatName().equalsIgnoreCase("png") ? TYPES.get(0) : TYPES.get(1);
        return artifacts.put(type, bytes);
      } catch (IOException | IndexOutOfBoundsException | IllegalArgumentException broken) {
        throw Problem.malformed("the picture is damaged").refusal(broken);
      } finally {
        reader.dispose();
      }
    }
  }

  /**
   * Keeps a picture until the job that begins with it is written.
   *
   * @throws InvalidSpec if it is not there
   */
  void keep(ArtifactId image) {
    try {
      artifacts.put(TYPES.getFirst(), artifacts.file(image));
    } catch (DamagedArtifact gone) {
      throw new InvalidSpec(
          "input_image", "is not there, or no longer; upload it with POST /v1/images");
    }
  }
}
