package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Guidance;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.Samplers;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import glimt.model.Fast;
import glimt.model.GuidanceRule;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.pipeline.LevelWalk;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.Recipe.NoiseLevels;
import glimt.training.recipe.Student;
import glimt.training.recipe.TrainingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudentTest {
  private static final double DATA = 0.8;
  private static final Sampling WALK = Sampling.karras("euler", 8, 1.5, 0.05, 20, 7);
  private static final String SOURCE =
      """
      class Network(Module):
        precision : int
        enter : Linear  # n=5 m=d
        said : Tensor   # [vocabulary, d] normal 1
        think : Linear  # n=d m=d
        leave : Linear  # n=d m=4

        def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
          z = torch.to(torch.cat([x, torch.unsqueeze(noise, 1)], 1), self.precision)
          told = torch.to(torch.gt(words, 0), 6) * torch.select(torch.embedding(self.said, words), 1, 0)
          y = torch.silu(self.enter.forward(z) + torch.to(told, self.precision))
          return torch.to(self.leave.forward(torch.silu(self.think.forward(y))), 6)

      """
          + Sides.LINEAR;

  /** Corners of a square in four dimensions; the word names the side. */
  private static final Dataset CORNERS =
      new Sides(
          (side, random) -> {
            float[] x = new float[4];
            x[0] = side == 0 ? 1 : -1;
            for (int i = 1; i < 4; i++) {
              x[i] = (random.nextBoolean() ? 0.7f : -0.7f) + (float) (0.02 * random.nextGaussian());
            }
            return x;
          });

  @TempDir Path sources;
  @TempDir Path out;

  @BeforeEach
  void write() throws Exception {
    Files.writeString(sources.resolve("net.py"), SOURCE);
  }

  @Test
  void its_answer_lands_where_its_teachers_two_guided_steps_land() throws Exception {
    NetworkSource source = NetworkSource.parse("net.py", SOURCE);
    Safetensors weights =
        Initial.weights(source, Map.of("vocabulary", 3.0, "d", 16.0), new SplittableRandom(3));
    double[] levels = NoiseSchedule.karras(8, 0.05, 20, 7).sigmas();
    GuidanceRule rule =
        new GuidanceRule(
            GuidanceRule.Mixing.PLAIN, 1.5, 0, new GuidanceRule.Interval(0.4, 8), null);
    assertThat(levels[0]).as("without guidance").isGreaterThan(8);
    assertThat(levels[6]).as("without guidance too").isLessThan(0.4);
    Distillation objective =
        new Distillation(new RowDenoiser(network(source, weights), DATA, rule), levels, 0.2);
    TrainingBatch batch;
    try (objective) {
      batch =
          objective.batch(CORNERS.batch(64, new SplittableRandom(4)), 0, new SplittableRandom(5));
    }

    Preconditioning edm = Preconditioning.edm(DATA);
    try (Network teacher = network(source, weights);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      for (int row = 0; row < 64; row++) {
        double named = 4.0 * batch.noise().floats()[row];
        int at = 0;
        while (Math.abs(Math.log(levels[at]) - named) > 1e-4) {
          at += 2;
        }
        double sigma = levels[at];
        NDArray x = scope.create(row(batch.x(), row), new Shape(1, 4)).mul(Math.hypot(sigma, DATA));
        long word = batch.words().longs()[row];
        float[] wanted = walked(teacher, rule, word, x, levels[at], levels[at + 1], levels[at + 2]);
        NDArray answer = scope.create(row(batch.answer(), row), new Shape(1, 4));
        NDArray d = edm.denoised(x, sigma, answer);
        float[] made = x.add(x.sub(d).mul((levels[at + 2] - sigma) / sigma)).toFloatArray();
        for (int i = 0; i < 4; i++) {
          assertThat(made[i]).isCloseTo(wanted[i], within(2e-4f * (float) (1 + levels[at])));
        }
      }
    }
  }

  @Test
  void two_steps_of_a_student_end_nearer_to_the_teachers_eight_than_two_of_the_teacher()
      throws Exception {
    NetworkRecipe taught = recipe(1500);
    new Trainer("base", taught, CORNERS, sources, out).train(false, _ -> {}, () -> false);
    Student student = student(2);
    Path teacher = out.resolve("base.safetensors");
    GuidanceRule guidance = GuidanceRule.of(1.5);
    for (int steps = 4; steps >= 2; steps /= 2) {
      String name = "base-" + steps;
      Trainer.Teacher whom =
          new Trainer.Teacher(teacher, guidance, student.levels(WALK, 2 * steps));
      assertThat(
              new Trainer(
                      name, student.recipe(taught, steps), CORNERS, sources, out, whom, null, null)
                  .train(false, _ -> {}, () -> false))
          .isTrue();
      teacher = out.resolve(name + ".safetensors");
      guidance = GuidanceRule.of(1);
    }

    Fast fast = student.fast("base-2", WALK);
    assertThat(fast.sampling().guidance().weight()).isEqualTo(1);
    assertThat(fast.sampling().steps()).isEqualTo(2);
    double[] quick = schedule(fast.sampling());
    assertThat(quick[1])
        .as("the card's walk is the one that was taught")
        .isCloseTo(student.levels(WALK, 2)[1], within(1e-9));

    double ofStudent = 0;
    double ofTeacher = 0;
    NetworkSource source = NetworkSource.parse("net.py", SOURCE);
    try (Network slow = network(source, Safetensors.read(out.resolve("base.safetensors")));
        Network swift = network(source, Safetensors.read(teacher));
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      SplittableRandom random = new SplittableRandom(11);
      for (int i = 0; i < 200; i++) {
        float[] noise = new float[4];
        for (int j = 0; j < 4; j++) {
          noise[j] =
              (float) (((Schedule.Karras) WALK.schedule()).sigmaMax() * random.nextGaussian());
        }
        NDArray x = scope.create(noise, new Shape(1, 4));
        long word = 1L + i % 2;
        float[] wanted = walked(slow, GuidanceRule.of(1.5), word, x, schedule(WALK));
        ofStudent += distance(wanted, walked(swift, GuidanceRule.of(1), word, x, quick)) / 200;
        ofTeacher += distance(wanted, walked(slow, GuidanceRule.of(1.5), word, x, quick)) / 200;
      }
    }
    assertThat(ofStudent).as("teacher in two steps: %s", ofTeacher).isLessThan(0.6 * ofTeacher);
  }

  @Test
  void a_student_goes_on_from_a_checkpoint_as_if_undisturbed() throws Exception {
    new Trainer("base", recipe(50), CORNERS, sources, out).train(false, _ -> {}, () -> false);
    Path other = Files.createDirectory(out.resolve("other"));
    halved(out, false, Integer.MAX_VALUE);
    halved(other, false, 11);
    halved(other, true, Integer.MAX_VALUE);
    assertThat(Files.readAllBytes(other.resolve("quick.safetensors")))
        .isEqualTo(Files.readAllBytes(out.resolve("quick.safetensors")));
  }

  @Test
  void a_teacher_that_is_not_trained_is_named() {
    assertThatThrownBy(() -> halved(out, false, 1))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("base.safetensors")
        .hasMessageContaining("train that network first");
  }

  @Test
  void steps_that_are_no_halvings_are_refused() {
    assertThatThrownBy(() -> new Student("base", 4, 12, null, null, 1L, null, 0.1, 0.9, null, 1))
        .hasMessageContaining("not 12 for steps 4");
    assertThatThrownBy(() -> student(3).fast("base-3", WALK))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("base walks in 8 steps");
  }

  private void halved(Path to, boolean resume, int stopAt) {
    Student student = student(4);
    Trainer.Teacher whom =
        new Trainer.Teacher(
            out.resolve("base.safetensors"), GuidanceRule.of(1.5), student.levels(WALK, 8));
    NetworkRecipe recipe = student.recipe(recipe(1), 4);
    int[] asked = {0};
    new Trainer("quick", recipe, CORNERS, sources, to, whom, null, null)
        .train(resume, _ -> {}, () -> asked[0]++ == stopAt);
  }

  private static Student student(int steps) {
    return new Student(
        "base", steps, null, null, null, steps == 4 ? 30L : 600L, null, 0.003, 0.98, null, 9);
  }

  private static double[] schedule(Sampling walk) {
    return LevelWalk.of(Parametrisation.edm(DATA), walk).levels().sigmas();
  }

  private static float[] walked(
      Network network, GuidanceRule rule, long word, NDArray x, double... levels)
      throws InterruptedException {
    Prediction asked =
        (input, noise) -> {
          long rows = input.getShape().get(0);
          long[] words = new long[(int) rows];
          words[0] = word;
          NDManager scope = input.getManager();
          return network.forward(
              input,
              scope.full(new Shape(rows), (float) noise),
              Network.conditioning(scope.create(words, new Shape(rows, 1)), null));
        };
    Prediction both = Guidance.scale(rule.weight()).batched(asked);
    Prediction guided =
        (input, noise) -> {
          double sigma = Math.exp(4 * noise);
          GuidanceRule.Interval at = rule.interval();
          boolean within = at == null || (at.low() <= sigma && sigma <= at.high());
          return within && rule.guides() ? both.predict(input, noise) : asked.predict(input, noise);
        };
    double[] down =
        levels[levels.length - 1] == 0 ? levels : Arrays.copyOf(levels, levels.length + 1);
    NoiseSchedule schedule = NoiseSchedule.of(down).early(levels.length - 1);
    Trajectory walk =
        new Trajectory(
            Samplers.named("euler"),
            Preconditioning.edm(DATA).denoiser(guided),
            (like, _, _) -> like.zerosLike());
    try (Waypoint start = walk.at(schedule, x.duplicate(), "toy");
        Waypoint end = walk.on(start, Observer.NOBODY)) {
      return end.x().toFloatArray();
    }
  }

  private static Network network(NetworkSource source, Safetensors weights) {
    return Network.of("toy", source, weights, Precision.FLOAT32);
  }

  private static float[] row(Tensor tensor, int row) {
    return Arrays.copyOfRange(tensor.floats(), 4 * row, 4 * row + 4);
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  private static NetworkRecipe recipe(long steps) {
    return new NetworkRecipe(
        "net.py",
        Map.of("d", 64.0),
        DATA,
        64,
        steps,
        null,
        0.005,
        20,
        0.4,
        1,
        0,
        0.99,
        0.1,
        new NoiseLevels(0, 0, 0, 0, 1.6, 40),
        null,
        null,
        null,
        JsonNodeFactory.instance.objectNode(),
        1);
  }
}
