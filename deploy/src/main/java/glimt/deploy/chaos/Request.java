package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import java.util.random.RandomGenerator;

/**
 * A small job, and nothing else: two requests that are equal must give the same bytes.
 *
 * @param kind {@code video} or {@code points}
 * @param model empty for the one that is usual for its kind
 * @param steps of its base level; the others keep the card's
 */
record Request(String kind, String model, String prompt, int steps, long seed) {
  /** Enough to be hit in the middle, few enough to be made many times. */
  private static final int FEW = 40;

  /** Enough seconds for a checkpoint or two on the way. */
  private static final int MANY_OF_A_VIDEO = 600;

  private static final int MANY_OF_POINTS = 1000;

  /** Of a video: all levels but the last, which costs as much as the others together. */
  private static final int PIXELS = 64;

  static Request few(String kind, long seed) {
    return of(kind, FEW, seed);
  }

  static Request many(String kind, long seed) {
    return of(kind, kind.equals("video") ? MANY_OF_A_VIDEO : MANY_OF_POINTS, seed);
  }

  /** Of a bundle that makes point clouds, and should not. */
  static Request of(Tampered poison, RandomGenerator random) {
    return new Request("points", poison.bundle(), "a pine tree", FEW, random.nextInt(1000));
  }

  /** Of a bundle that takes its time. */
  static Request slow(Tampered bundle, int steps) {
    return new Request("points", bundle.bundle(), "a pine tree", steps, 7);
  }

  private static Request of(String kind, int steps, long seed) {
    String prompt = kind.equals("video") ? "a whale moves left over blue" : "a pine tree";
    return new Request(kind, "", prompt, steps, seed);
  }

  ObjectNode body() {
    ObjectNode body = Client.object();
    body.put("kind", kind).put("prompt", prompt).put("steps", steps).put("seed", seed);
    if (kind.equals("video")) {
      body.put("size", PIXELS);
    }
    if (!model.isEmpty()) {
      body.put("model", model);
    }
    return body;
  }

  @Override
  public String toString() {
    return "%s%s of %s steps, seed %s"
        .formatted(model.isEmpty() ? "" : model + " ", kind, steps, seed);
  }
}
