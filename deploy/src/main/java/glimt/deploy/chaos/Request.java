package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import glimt.job.JobClass;
import glimt.json.EnumWord;
import java.util.random.RandomGenerator;

/**
 * The options of a small job. Equal requests must give the same bytes.
 *
 * @param kind {@code video} or {@code points}
 * @param model empty for the kind's default model
 * @param steps the number of steps of its base level
 * @param urgency on which the bytes do not depend
 */
record Request(String kind, String model, String prompt, int steps, long seed, JobClass urgency) {
  /** Enough steps for a fault to hit one, but few enough to repeat the job many times. */
  private static final int FEW = 40;

  /** Enough steps for one or two checkpoints. */
  private static final int MANY_OF_A_VIDEO = 600;

  private static final int MANY_OF_POINTS = 1000;

  /** The model of videos, whose levels are made of many tasks. */
  private static final String TILES = "tiles";

  /** Their size: leaves out the last level, which costs as much as all others. */
  private static final int PIXELS = 64;

  static Request few(String kind, long seed) {
    return of(kind, FEW, seed);
  }

  static Request many(String kind, long seed) {
    return of(kind, kind.equals("video") ? MANY_OF_A_VIDEO : MANY_OF_POINTS, seed);
  }

  /** A job for a bundle whose network fails. */
  static Request of(Tampered poison, RandomGenerator random) {
    return new Request(
        "points", poison.bundle(), "a pine tree", FEW, random.nextInt(1000), JobClass.NORMAL);
  }

  /** A job for a bundle whose network is slow. */
  static Request slow(Tampered bundle, int steps) {
    return new Request("points", bundle.bundle(), "a pine tree", steps, 7, JobClass.NORMAL);
  }

  private static Request of(String kind, int steps, long seed) {
    String prompt = kind.equals("video") ? "a whale moves left over blue" : "a pine tree";
    return new Request(
        kind, kind.equals("video") ? TILES : "", prompt, steps, seed, JobClass.NORMAL);
  }

  Request as(JobClass other) {
    return new Request(kind, model, prompt, steps, seed, other);
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
    if (urgency != JobClass.NORMAL) {
      body.put("class", EnumWord.of(urgency));
    }
    return body;
  }

  @Override
  public String toString() {
    return "%s%s of %s steps, seed %s"
        .formatted(model.isEmpty() ? "" : model + " ", kind, steps, seed);
  }
}
