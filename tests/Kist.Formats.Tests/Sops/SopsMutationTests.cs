using CsCheck;
using Kist.Fuzz;

namespace Kist.Formats.Tests.Sops;

/// <summary>Whatever a parser is given, it answers with a value or a fault, and never with an exception.</summary>
public sealed class SopsMutationTests
{
    /// <summary>One to four changes: a byte set, a piece cut, doubled or moved.</summary>
    private static readonly Gen<(int Kind, int At, int Length, byte Value)[]> s_changes =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4095], Gen.Int[0, 80], Gen.Byte).Array[1, 4];

    [Theory]
    [InlineData("sops-yaml", "yaml")]
    [InlineData("sops-json", "json")]
    [InlineData("sops-dotenv", "env")]
    [InlineData("sops-ini", "ini")]
    [InlineData("sops-binary", "bin")]
    public void Changed_files_are_read_or_refused(string name, string extension)
    {
        byte[][] seeds =
        [
            .. Directory.GetFiles(Path.Combine(SopsData.Folder, "cases"), "*." + extension, SearchOption.AllDirectories)
                .Concat(Directory.GetFiles(Path.Combine(SopsData.Folder, "encrypt-reject"), "*." + extension))
                .Order().Select(File.ReadAllBytes).Where(b => b.Length < 20_000),
        ];
        var target = Targets.All[name];
        Assert.NotEmpty(seeds);
        foreach (var seed in seeds) target(seed);
        Gen.Int[0, seeds.Length - 1].Select(s_changes).Sample(
            (which, changes) => target(Change(seeds[which], changes)), iter: 1_500, threads: 1);
    }

    [Fact]
    public void Paths_and_expressions_are_read_or_refused() =>
        Gen.String[Gen.Char["ab[]\"'()\\.*+?^$|{}:-0129dwsDWSpPLQExAzZkP<>i="], 0, 25].Sample(
            text => Targets.All["sops-words"](System.Text.Encoding.UTF8.GetBytes(text)), iter: 3_000, threads: 1);

    private static byte[] Change(byte[] file, (int Kind, int At, int Length, byte Value)[] changes)
    {
        var bytes = file.ToList();
        foreach (var (kind, place, length, value) in changes)
        {
            if (bytes.Count == 0) break;
            var at = place % bytes.Count;
            var piece = bytes.GetRange(at, Math.Min(length, bytes.Count - at));
            if (kind == 0) bytes[at] = value;
            if (kind is 1 or 3) bytes.RemoveRange(at, piece.Count);
            if (kind is 2) bytes.InsertRange(at, piece);
            if (kind is 3) bytes.InsertRange(bytes.Count * value / 255, piece);
        }
        return [.. bytes];
    }
}
