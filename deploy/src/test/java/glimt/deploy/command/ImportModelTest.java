package glimt.deploy.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command as people type it, on a tiny Stable Diffusion. */
class ImportModelTest {
  private static final Path PUBLISHED =
      Path.of("../workers/generation/src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  @TempDir Path folder;
  private Path published;
  private Path home;

  private record Ran(int exit, String err) {}

  @BeforeEach
  void copy() throws IOException {
    published = folder.resolve("sd");
    home = folder.resolve("home");
    try (Stream<Path> files = Files.walk(PUBLISHED)) {
      for (Path file : files.toList()) {
        Files.copy(file, published.resolve(PUBLISHED.relativize(file).toString()));
      }
    }
  }

  private Ran glimtImport(Object... arguments) {
    StringWriter err = new StringWriter();
    String[] all =
        Stream.concat(
                Stream.of(arguments).map(String::valueOf),
                Stream.of("--home", home.toString(), "--no-sample"))
            .toArray(String[]::new);
    CommandLine command = new CommandLine(new ImportModel()).setErr(new PrintWriter(err, true));
    command.setExecutionExceptionHandler(
        (failure, _, _) -> {
          err.append(failure.getMessage());
          return 1;
        });
    return new Ran(command.execute(all), err.toString());
  }

  private List<String> imported() throws IOException {
    Path models = home.resolve("models");
    if (!Files.exists(models)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(models)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void refused(int exit, String told, Object... arguments) throws IOException {
    Ran ran = glimtImport(arguments);
    assertThat(ran.err()).contains(told);
    assertThat(ran.exit()).isEqualTo(exit);
    assertThat(imported()).isEmpty();
  }

  @Test
  void a_folder_is_imported_under_its_name_or_another_and_in_a_format() throws IOException {
    assertThat(glimtImport(published).exit()).isZero();
    assertThat(glimtImport(published, "--name", "half", "--dtype", "float16").exit()).isZero();
    assertThat(imported()).containsExactly("half", "sd");
    Ran again = glimtImport(published);
    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains("is there already; give another --name");
    assertThat(imported()).containsExactly("half", "sd");
  }

  @Test
  void what_cannot_be_imported_is_told_and_leaves_nothing() throws IOException {
    refused(2, "dtype must be float32, bfloat16 or float16, not fp8", published, "--dtype", "fp8");
    refused(2, "a LoRA is FILE or FILE:WEIGHT", published, "--lora", "a.safetensors:much");
    refused(1, "is no folder", folder.resolve("nowhere"));
    refused(
        1,
        "style.safetensors is missing",
        published,
        "--lora",
        folder.resolve("style.safetensors"));
    Path scheduler = published.resolve("scheduler/scheduler_config.json");
    String settings = Files.readString(scheduler);
    Files.writeString(scheduler, settings.replace("PNDMScheduler", "MagicScheduler"));
    refused(1, "class MagicScheduler is not supported; the supported classes are", published);
    Files.writeString(scheduler, settings);
    Path weights = published.resolve("unet/diffusion_pytorch_model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, java.util.Arrays.copyOf(whole, whole.length / 2));
    refused(1, "is not a valid safetensors file", published);
    Files.delete(weights);
    Path harm = folder.resolve("harm");
    Files.writeString(
        published.resolve("unet/diffusion_pytorch_model.bin"),
        "cposix\nsystem\n(S'touch %s'\ntR.".formatted(harm));
    refused(1, "asks Python to run posix.system;", published);
    assertThat(harm).doesNotExist();
    Files.delete(published.resolve("model_index.json"));
    refused(1, "has no model_index.json", published);
  }
}
