package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import glimt.bundle.Safetensors;
import glimt.media.Picture;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.training.recipe.LossTerms;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.Recipe.NoiseLevels;
import glimt.training.recipe.Recipe.UniformLevels;
import glimt.training.recipe.TrainingException;
import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  private static final String SOURCE =
      """
      class Network(Module):
        precision : int
        enter : Linear  # n=4 m=d
        leave : Linear  # n=d m=4

        def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
          z = torch.silu(self.enter.forward(torch.to(x, self.precision)))
          return torch.to(self.leave.forward(z), 6)

      """
          + Sides.LINEAR;

  /** Samples that are always one of two points. */
  private static final Dataset TWO_POINTS =
      new Sides(
          (side, _) -> {
            float[] x = new float[4];
            Arrays.fill(x, side == 0 ? 1 : -0.5f);
            return x;
          });

  @TempDir Path sources;
  @TempDir Path out;

  @BeforeEach
  void write() throws Exception {
    Files.writeString(sources.resolve("net.py"), SOURCE);
  }

  @Test
  void training_lowers_the_loss() {
    List<TrainingProgress> seen = new ArrayList<>();
    assertThat(trainer(400, 0.01).train(false, seen::add, () -> false)).isTrue();

    assertThat(seen.getFirst().loss()).isGreaterThan(0.8);
    assertThat(seen.getLast().loss()).isLessThan(0.6 * seen.getFirst().loss());
    assertThat(seen.getLast().done()).isEqualTo(1);
    assertThat(Safetensors.read(out.resolve("base.safetensors")).tensors())
        .containsOnlyKeys("enter.weight", "enter.bias", "leave.weight", "leave.bias");
  }

  @Test
  void training_that_was_stopped_goes_on_as_if_it_had_not_been() throws Exception {
    trainer(40, 0.01).train(false, _ -> {}, () -> false);
    byte[] undisturbed = Files.readAllBytes(out.resolve("base.safetensors"));
    Files.delete(out.resolve("base.checkpoint"));

    int[] asked = {0};
    assertThat(trainer(40, 0.01).train(false, _ -> {}, () -> asked[0]++ == 17)).isFalse();
    assertThat(trainer(40, 0.01).train(true, _ -> {}, () -> false)).isTrue();

    assertThat(Files.readAllBytes(out.resolve("base.safetensors"))).isEqualTo(undisturbed);
  }

  @Test
  void a_loss_that_explodes_stops_and_keeps_the_last_good_state() throws Exception {
    trainer(5, 0.01).train(false, _ -> {}, () -> false);
    byte[] good = Files.readAllBytes(out.resolve("base.checkpoint"));

    assertThatThrownBy(() -> trainer(500, 1e30).train(true, _ -> {}, () -> false))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("the loss became")
        .hasMessageContaining("base.checkpoint");
    assertThat(Files.readAllBytes(out.resolve("base.checkpoint"))).isEqualTo(good);
  }

  @Test
  void the_checkpoint_of_another_recipe_is_refused() {
    trainer(2, 0.01).train(false, _ -> {}, () -> false);
    NetworkRecipe other = recipe(4, 0.01, Map.of("d", 8.0));

    assertThatThrownBy(
            () ->
                new Trainer("base", other, TWO_POINTS, sources, out)
                    .train(true, _ -> {}, () -> false))
        .hasMessageContaining("checkpoint of another recipe");
  }

  @Test
  void a_training_from_given_weights_starts_at_them() throws Exception {
    trainer(40, 0.01).train(false, _ -> {}, () -> false);
    Path weights = out.resolve("base.safetensors");
    Path on = out.resolve("on");

    from(weights, 32, 1e-12, on).train(false, _ -> {}, () -> false);

    assertThat(Files.readAllBytes(on.resolve("base.safetensors")))
        .isEqualTo(Files.readAllBytes(weights));
  }

  @Test
  void given_weights_of_other_shapes_are_refused_by_name() {
    trainer(2, 0.01).train(false, _ -> {}, () -> false);
    Path weights = out.resolve("base.safetensors");

    assertThatThrownBy(
            () -> from(weights, 8, 0.01, out.resolve("on")).train(false, _ -> {}, () -> false))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("base cannot start from " + weights)
        .hasMessageContaining("enter.bias, enter.weight, leave.weight");
  }

  private Trainer from(Path weights, double width, double rate, Path to) {
    NetworkRecipe recipe = recipe(10, rate, Map.of("d", width));
    return new Trainer("base", recipe, TWO_POINTS, sources, to, null, weights, null);
  }

  @Test
  void a_recipe_with_an_unknown_field_is_refused_by_its_name() throws Exception {
    Path file = sources.resolve("recipe.json");
    Files.writeString(
        file,
        """
        {"bundle": "b", "dataset": "clips", "data": {}, "card": {}, "networks": {}, "colour": 1}
        """);

    assertThatThrownBy(() -> Recipe.read(file))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("recipe.json is not a valid recipe")
        .hasMessageContaining("colour");
  }

  @Test
  void a_wrong_field_deep_in_a_recipe_is_refused_with_its_place() throws Exception {
    String recipe = Files.readString(Path.of("../models/objects/recipe.json"));
    int networks = recipe.indexOf("\"networks\"");
    String wrong =
        recipe.substring(0, networks)
            + recipe.substring(networks).replaceFirst("\"spread\"", "\"breadth\": 1, \"spread\"");

    assertThatThrownBy(() -> Recipe.parse("recipe.json", wrong))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("networks.base.sigma.breadth in line")
        .hasMessageContaining("unknown field 'breadth'");
  }

  /** Draws each point as a row of grey pixels. */
  private static final class SeenPoints implements Dataset {
    private final Dataset points = TWO_POINTS;

    @Override
    public Batch batch(int size, RandomGenerator random) {
      return points.batch(size, random);
    }

    @Override
    public Map<String, Double> sizes() {
      return points.sizes();
    }

    @Override
    public Optional<Picture> picture(Batch batch, float[] samples) {
      byte[] rgb = new byte[3 * samples.length];
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) Math.clamp((long) (128 + 100 * samples[i / 3]), 0, 255);
      }
      return Optional.of(new Picture(4, samples.length / 4, rgb));
    }
  }

  @Test
  void samples_by_the_averaged_weights_lie_beside_the_checkpoint_and_change_nothing()
      throws Exception {
    trainer(300, 0.01).train(false, _ -> {}, () -> false);
    Path seen = out.resolve("seen");
    Sampling walk = Sampling.karras("euler", 12, 1, 0.02, 40, 7);
    NetworkRecipe recipe = recipe(300, 0.01, Map.of("d", 32.0));
    new Trainer(
            "base",
            recipe,
            new SeenPoints(),
            sources,
            seen,
            null,
            null,
            new SampleSheet(
                new SeenPoints(),
                Level.edm(
                    "base",
                    List.of(Axis.whole("points", 1)),
                    2,
                    "base",
                    recipe.sigmaData(),
                    List.of(Port.prompt("words", Port.Unconditional.ZEROS)),
                    List.of(),
                    0,
                    walk)))
        .train(false, _ -> {}, () -> false);

    BufferedImage sheet = ImageIO.read(seen.resolve("base.samples.png").toFile());
    assertThat(sheet.getWidth()).isEqualTo(4);
    assertThat(sheet.getHeight()).isEqualTo(8);
    for (int row = 0; row < 8; row++) {
      assertThat(sheet.getRGB(1, row) & 0xff).as("one of two points").isBetween(60, 250);
    }
    assertThat(Files.readAllBytes(seen.resolve("base.safetensors")))
        .isEqualTo(Files.readAllBytes(out.resolve("base.safetensors")));
  }

  @Test
  void a_checkpoint_is_not_trained_over_unasked() {
    trainer(2, 0.01).train(false, _ -> {}, () -> false);

    assertThatThrownBy(() -> trainer(2, 0.01).train(false, _ -> {}, () -> false))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("base.checkpoint")
        .hasMessageContaining("--resume");
  }

  @Test
  void a_checkpoint_that_is_broken_off_is_refused() throws Exception {
    trainer(2, 0.01).train(false, _ -> {}, () -> false);
    Path checkpoint = out.resolve("base.checkpoint");
    byte[] whole = Files.readAllBytes(checkpoint);
    Files.write(checkpoint, Arrays.copyOf(whole, whole.length - 100));

    assertThatThrownBy(() -> trainer(2, 0.01).train(true, _ -> {}, () -> false))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("base.checkpoint cannot be resumed")
        .hasMessageContaining("start over");
  }

  @Test
  void the_checkpoint_of_another_vocabulary_is_refused() throws Exception {
    String words = "  words : Tensor  # [vocabulary, d] zero\n  enter :";
    Files.writeString(sources.resolve("net.py"), SOURCE.replace("  enter :", words));
    trainer(2, 0.01).train(false, _ -> {}, () -> false);
    Files.writeString(
        sources.resolve("net.py"),
        SOURCE.replace("  enter :", words.replace("vocabulary", "vocabulary+1")));

    assertThatThrownBy(() -> trainer(2, 0.01).train(true, _ -> {}, () -> false))
        .hasMessageContaining("checkpoint of another recipe")
        .hasMessageContaining("words is [3, 32]");
  }

  @Test
  void a_full_disk_leaves_the_checkpoint_before_it_whole() throws Exception {
    Process mounted =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", out.toString())
            .redirectErrorStream(true)
            .start();
    boolean mayMount = mounted.waitFor() == 0;
    if (!mayMount) {
      System.err.println("skipped: a small disk cannot be mounted here, only root may");
    }
    assumeTrue(mayMount, "a small disk can be mounted");
    try {
      trainer(3, 0.01).train(false, _ -> {}, () -> false);
      Path checkpoint = out.resolve("base.checkpoint");
      byte[] whole = Files.readAllBytes(checkpoint);
      try (OutputStream filler = Files.newOutputStream(out.resolve("filler"))) {
        assertThatThrownBy(() -> filler.write(new byte[1 << 20])).hasMessageContaining("space");
      }

      assertThatThrownBy(() -> trainer(9, 0.01).train(true, _ -> {}, () -> false))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("step 9 could not be saved")
          .hasMessageContaining("No space left")
          .hasMessageContaining("of step 3, is in")
          .hasMessageContaining("--resume");
      assertThat(Files.readAllBytes(checkpoint)).isEqualTo(whole);
      assertThat(out.resolve("base.checkpoint.part")).doesNotExist();

      Files.delete(out.resolve("filler"));
      assertThat(trainer(9, 0.01).train(true, _ -> {}, () -> false)).isTrue();
    } finally {
      new ProcessBuilder("umount", out.toString()).start().waitFor();
    }
  }

  @Test
  void a_source_whose_comment_gives_no_shape_is_refused_by_the_tensors_name() throws Exception {
    Files.writeString(sources.resolve("net.py"), SOURCE.replace("# [m] zero", "# as you like"));

    assertThatThrownBy(() -> trainer(2, 0.01).train(false, _ -> {}, () -> false))
        .hasMessageContaining("enter.bias has no shape");
  }

  @Test
  void levels_drawn_by_their_loss_go_on_from_a_checkpoint_as_if_undisturbed() throws Exception {
    UniformLevels levels = new UniformLevels(0.02, 20, UniformLevels.By.LOSS, 3);
    NetworkRecipe plain = recipe(60, 0.01, Map.of("d", 32.0));
    NetworkRecipe recipe =
        new NetworkRecipe(
            "net.py",
            plain.sizes(),
            0.75,
            16,
            60L,
            null,
            0.01,
            10,
            0.5,
            1,
            0.01,
            0.99,
            0.1,
            null,
            levels,
            null,
            LossTerms.VELOCITY,
            plain.data(),
            1);
    Path undisturbed = out.resolve("undisturbed");
    Path stopped = out.resolve("stopped");
    new Trainer("base", recipe, TWO_POINTS, sources, undisturbed)
        .train(false, _ -> {}, () -> false);
    int[] asked = {0};
    new Trainer("base", recipe, TWO_POINTS, sources, stopped)
        .train(false, _ -> {}, () -> asked[0]++ == 31);
    new Trainer("base", recipe, TWO_POINTS, sources, stopped).train(true, _ -> {}, () -> false);

    assertThat(Files.readAllBytes(stopped.resolve("base.safetensors")))
        .isEqualTo(Files.readAllBytes(undisturbed.resolve("base.safetensors")));
    Safetensors kept = Safetensors.read(stopped.resolve("base.checkpoint"));
    assertThat(kept.get("levels/count").floats()).doesNotContain(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }

  private Trainer trainer(long steps, double rate) {
    return new Trainer("base", recipe(steps, rate, Map.of("d", 32.0)), TWO_POINTS, sources, out);
  }

  private static NetworkRecipe recipe(long steps, double rate, Map<String, Double> sizes) {
    return new NetworkRecipe(
        "net.py",
        sizes,
        0.75,
        16,
        steps,
        null,
        rate,
        10,
        0.5,
        1,
        0.01,
        0.99,
        0.1,
        new NoiseLevels(0, 0.1, 0.3, -1, 1, 50),
        null,
        null,
        null,
        JsonNodeFactory.instance.objectNode(),
        1);
  }
}
