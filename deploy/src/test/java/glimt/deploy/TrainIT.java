package glimt.deploy;

import static glimt.deploy.Launched.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.bundle.Safetensors;
import glimt.model.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains the README's toy recipe, but far too briefly, with the packaged program. */
class TrainIT {
  @TempDir private Path folder;

  @Test
  void a_training_that_was_told_to_stop_goes_on_to_the_bytes_of_an_undisturbed_one()
      throws Exception {
    Path recipe = tiny();
    Path undisturbed = folder.resolve("undisturbed");
    Launched whole = train(recipe, undisturbed);
    assertThat(whole.exit()).as(whole.err()).isZero();
    assertThat(whole.out().strip()).isEqualTo(undisturbed.toString());
    assertThat(whole.err()).contains("base is trained", "base-fast is trained", "is complete");

    Path out = folder.resolve("stopped");
    Launched stopped = train(recipe, out);
    eventually(stopped::err, said -> said.contains("samples/s"));
    new ProcessBuilder("kill", "-INT", Long.toString(stopped.pid())).start().waitFor();
    assertThat(stopped.exit()).isEqualTo(130); // as of every program that Ctrl-C ended
    assertThat(stopped.err()).contains("nothing is lost", "--resume");
    Safetensors checkpoint = Safetensors.read(out.resolve("base.checkpoint"));
    assertThat(Integer.parseInt(checkpoint.metadata().get("step"))).isBetween(1, 499);

    Launched again = train(recipe, out);
    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains("base.checkpoint").contains("--resume").hasLineCount(1);

    Launched resumed = train(recipe, out, "--resume");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    for (String network : new String[] {"base", "spatial", "base-fast", "classifier"}) {
      assertThat(Files.readAllBytes(out.resolve(network + ".safetensors")))
          .as(network)
          .isEqualTo(Files.readAllBytes(undisturbed.resolve(network + ".safetensors")));
    }

    Level base = Bundle.open(out).card().levels().getFirst();
    assertThat(base.fast()).isNotNull();
    assertThat(ImageIO.read(out.resolve("base.samples.png").toFile()).getWidth())
        .isGreaterThan(8 * 64);
  }

  @Test
  void what_is_wrong_with_a_recipe_is_one_line() throws IOException {
    Path recipe =
        Files.writeString(folder.resolve("r.json"), "{\"bundle\": \"toy\", \"colour\": 3}");
    Launched glimt = train(recipe, folder.resolve("out"));
    assertThat(glimt.exit()).isEqualTo(1);
    assertThat(glimt.err())
        .hasLineCount(1)
        .contains("r.json is not a valid recipe: dataset in line 1: is missing");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private Launched train(Path recipe, Path out, String... more) {
    String[] first = {
      "train",
      recipe.toString(),
      "--out",
      out.toString(),
      "--home",
      folder.resolve("home").toString()
    };
    String[] all = new String[first.length + more.length];
    System.arraycopy(first, 0, all, 0, first.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    return Launched.glimt(all);
  }

  /**
   * Replaces the steps with small ones: enough of the first network's that a run can be stopped
   * among them, and few of the others'.
   */
  private Path tiny() throws IOException {
    Path recipes = Path.of("../workers/recipes").toAbsolutePath();
    String models = recipes.resolveSibling("models").normalize().toString();
    String text =
        Files.readString(recipes.resolve("toy.json"))
            .replace("../models", models)
            .replace("\"steps\": 1500", "\"steps\": 500")
            .replaceAll("\"steps\": [24]00", "\"steps\": 40")
            .replaceAll("\"updates\": \\d+", "\"updates\": 3")
            .replaceAll("\"batch\": \\d+", "\"batch\": 2")
            .replaceAll("\"d\": \\d+", "\"d\": 32");
    return Files.writeString(folder.resolve("tiny.json"), text);
  }
}
