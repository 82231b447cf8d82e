package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.NetworkSource;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Classifier.Classified;
import glimt.training.learning.Classifier.Labelled;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ClassifierTest {
  private static final String SOURCE =
      """
      class Network(Module):
        precision : int
        enter : Linear  # n=3 m=16
        one : Linear    # n=16 m=sides
        two : Linear    # n=16 m=thirds

        def forward(self, x: Tensor) -> Tensor:
          z = torch.relu(self.enter.forward(torch.to(x, self.precision)))
          return torch.to(torch.cat([self.one.forward(z), self.two.forward(z), z], 1), 6)

      """
          + Sides.LINEAR;

  private static final List<ClassifierHead> HEADS =
      List.of(new ClassifierHead("sides", 2), new ClassifierHead("thirds", 3));

  /** Random points, labelled by their side of a plane and by the index of their largest value. */
  private static Labelled points(int size, RandomGenerator random) {
    float[] x = new float[3 * size];
    List<Integer> sides = new ArrayList<>();
    List<Integer> thirds = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      int greatest = 0;
      for (int i = 0; i < 3; i++) {
        x[3 * row + i] = (float) random.nextGaussian();
        greatest = x[3 * row + i] > x[3 * row + greatest] ? i : greatest;
      }
      sides.add(x[3 * row] + x[3 * row + 1] > 0 ? 1 : 0);
      thirds.add(greatest);
    }
    return new Labelled(Tensor.of(x, size, 3), List.of(sides, thirds));
  }

  @Test
  void every_head_learns_its_own_names_and_what_follows_them_are_features() {
    NetworkSource source = NetworkSource.parse("source", SOURCE);
    ClassifierRecipe training = new ClassifierRecipe("source", 300, 64, 0.02, 5);
    Safetensors weights =
        Classifier.train(training, source, HEADS, ClassifierTest::points, _ -> {});
    Labelled unseen = points(200, new SplittableRandom(8));
    try (Classifier classifier = new Classifier(source, weights, HEADS)) {
      List<Classified> seen = classifier.see(unseen.x());
      for (int head = 0; head < 2; head++) {
        int right = 0;
        for (int row = 0; row < 200; row++) {
          Integer named = seen.get(row).classes().get(head);
          right += named.equals(unseen.classes().get(head).get(row)) ? 1 : 0;
        }
        assertThat(right).as(HEADS.get(head).name()).isGreaterThan(180);
      }
      assertThat(seen).allSatisfy(one -> assertThat(one.features()).hasSize(16));
      assertThat(seen.get(0).features()).isNotEqualTo(seen.get(1).features());
    }
  }
}
