package glimt.bundle;

import glimt.bundle.Safetensors.Tensor;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.model.WordList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The smallest possible bundle: one level, whose network is a matrix in a nested module. */
final class ToyBundle {
  static final String SOURCE =
      """
      # y = (2 x) w + noise, plus the number of words.
      class Network(Module):
        precision : int
        inner : Matrix

        def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
          z = self.inner.forward(torch.to(twice(x), self.precision))
          said = torch.sum(torch.gt(words, 0), [1])
          return torch.to(z, 6) + torch.reshape(noise + said, [-1, 1, 1])

      class Matrix(Module):
        w : Tensor  # [2, 2] normal 1

        def forward(self, x: Tensor) -> Tensor:
          return torch.matmul(x, torch.to(self.w, ops.prim.dtype(x)))

      def twice(x: Tensor) -> Tensor:
        return x * 2
      """;

  private ToyBundle() {}

  static Safetensors weights() {
    return new Safetensors(Map.of("inner.w", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2)));
  }

  /** Writes the bundle into a folder. */
  static Path write(Path folder) throws IOException {
    return write(folder, SOURCE, weights());
  }

  /** The same with another network. */
  static Path write(Path folder, String source, Safetensors weights) throws IOException {
    Files.writeString(folder.resolve("net.py"), source);
    weights.write(folder.resolve("net.safetensors"));
    Map<String, String> files = new LinkedHashMap<>();
    for (String name : List.of("net.py", "net.safetensors")) {
      files.put(name, Bundle.sha256(Files.readAllBytes(folder.resolve(name))));
    }
    Level level =
        Level.edm(
            "base",
            List.of(Axis.whole("points", 3)),
            2,
            "net",
            1,
            List.of(Port.prompt("words", Port.Unconditional.ZEROS)),
            List.of(),
            0,
            Sampling.karras("euler", 4, 1, 0.01, 10, 7));
    Bundle.write(
        folder,
        BundleCard.of(
            "toy",
            Kind.POINTS,
            "a toy",
            "Apache-2.0",
            new WordList(List.of("one", "two"), Map.of(), Set.of(), 4),
            0,
            List.of(1.0, 1.0),
            List.of(0.0, 0.0),
            List.of(level),
            files,
            Map.of()));
    return folder;
  }
}
