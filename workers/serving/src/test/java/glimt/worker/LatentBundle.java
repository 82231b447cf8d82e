package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.NetworkAnswer;
import glimt.model.Parametrisation;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.SizeRule;
import glimt.model.Thresholds;
import glimt.model.WordList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A small text-to-image bundle with all parts of a large one: a prompt encoder, a denoiser of
 * latents that receives timesteps of a discrete chain, a decoder, free sizes, and two levels.
 */
final class LatentBundle {
  private static final String ENCODER =
      """
      class Network(Module):
        precision : int
        table : Tensor  # [8, 4] normal 1

        def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
          return torch.embedding(self.table, tokens) * torch.unsqueeze(torch.to(mask, 6), -1)
      """;

  private static final String DENOISER =
      """
      class Network(Module):
        precision : int
        pull : Tensor  # [4] normal 1

        def forward(self, x: Tensor, noise: Tensor, text: Tensor) -> Tensor:
          gist = torch.reshape(torch.sum(text, [1]) * self.pull, [-1, 4, 1, 1])
          late = torch.reshape(noise, [-1, 1, 1, 1]) / 1000
          return x * 0.5 - gist * (1 - late)
      """;

  private static final String REFINER =
      """
      class Network(Module):
        precision : int
        pull : Tensor  # [3] normal 1

        def forward(self, x: Tensor, noise: Tensor, below: Tensor) -> Tensor:
          return x * 0.25 + below * torch.reshape(self.pull, [1, 3, 1, 1])
      """;

  private static final String DECODER =
      """
      class Network(Module):
        precision : int
        mix : Tensor  # [3, 4] normal 1

        def forward(self, latent: Tensor) -> Tensor:
          colours = torch.matmul(torch.permute(latent, [0, 2, 3, 1]), torch.transpose(self.mix, 0, 1))
          h = torch.permute(colours, [0, 3, 1, 2])
          return torch.tanh(torch.repeat_interleave(torch.repeat_interleave(h, 8, 2), 8, 3))
      """;

  private LatentBundle() {}

  /** Writes the bundle into a folder, which is created. */
  static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    source(folder, "text", ENCODER, Map.of("table", tensor(8, 4)));
    source(folder, "base", DENOISER, Map.of("pull", tensor(4)));
    source(folder, "fine", REFINER, Map.of("pull", tensor(3)));
    source(folder, "decoder", DECODER, Map.of("mix", tensor(3, 4)));
    Map<String, String> files = new LinkedHashMap<>();
    for (String stem : List.of("text", "base", "fine", "decoder")) {
      for (String name : List.of(stem + ".py", stem + ".safetensors")) {
        files.put(name, Bundle.sha256(Files.readAllBytes(folder.resolve(name))));
      }
    }
    Bundle.write(folder, card(files));
    return folder;
  }

  private static BundleCard card(Map<String, String> files) {
    WordList words = new WordList(List.of("red", "blue", "tall"), Map.of(), Set.of("a"), 5);
    SizeRule latents = new SizeRule(4, 32, 2, 0);
    Level base =
        new Level(
            "base",
            List.of(
                new Axis("height", 8, 8, 8, 0, latents), new Axis("width", 8, 8, 8, 0, latents)),
            4,
            "base",
            new Parametrisation(NetworkAnswer.EPSILON, 1, new Thresholds.Open()),
            List.of(
                new Port(
                    "text",
                    Port.PortSource.ENCODER,
                    "text",
                    "states",
                    Port.Unconditional.NEGATIVE_PROMPT)),
            List.of(),
            0,
            new Codec(
                "decoder",
                List.of(
                    new Axis("height", 8, 6, 4, 1, latents),
                    new Axis("width", 8, 6, 4, 1, latents)),
                List.of(8, 8),
                List.of(false, false),
                3,
                List.of(1.0),
                List.of(0.0)),
            new Sampling(
                "ddim",
                4,
                GuidanceRule.of(3),
                new Schedule.Discrete(
                    Schedule.BetaCurve.SCALED_LINEAR,
                    1000,
                    0.00085,
                    0.012,
                    false,
                    Schedule.StepSpacing.LEADING,
                    1,
                    null)),
            null);
    SizeRule pixels = new SizeRule(64, 512, 32, 0);
    Level fine =
        Level.edm(
            "fine",
            List.of(
                new Axis("height", 128, 64, 48, 4, pixels),
                new Axis("width", 128, 64, 48, 4, pixels)),
            3,
            "fine",
            0.5,
            List.of(Port.below("below")),
            List.of(0.1, 0.1, 0.1),
            0.05,
            Sampling.karras("euler", 2, 1, 0.05, 1, 7));
    return new BundleCard(
        BundleCard.VERSION,
        "latents",
        Kind.IMAGE,
        "Colours.",
        "Apache-2.0",
        words,
        List.of(new Encoder("text", "text", words, List.of("states"))),
        0,
        List.of(1.0, 1.0, 1.0),
        List.of(0.0, 0.0, 0.0),
        List.of(base, fine),
        List.of(),
        Map.of(),
        files,
        Map.of());
  }

  private static void source(Path folder, String stem, String text, Map<String, Tensor> weights)
      throws IOException {
    Files.writeString(folder.resolve(stem + ".py"), text);
    new Safetensors(weights).write(folder.resolve(stem + ".safetensors"));
  }

  private static Tensor tensor(long... shape) {
    int size = 1;
    for (long extent : shape) {
      size *= (int) extent;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) Math.sin(1.7 * i + 0.3);
    }
    return Tensor.of(values, shape);
  }
}
