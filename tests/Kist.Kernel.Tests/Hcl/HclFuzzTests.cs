using CsCheck;
using Kist.Kernel.Hcl;
using Kist.Kernel.Policies;
using Kist.Kernel.Policies.Passwords;
using Xunit;

namespace Kist.Kernel.Tests.Hcl;

public sealed class HclFuzzTests
{
    private static readonly string[] Seeds =
    [
        BuiltInPolicies.DefaultText,
        """path "a/+/b*" { capabilities = ["deny"] } path "c" { allowed_parameters = { "x" = [5, [{a=1}]] } }""",
        """path "{{identity.entity.id}}" { policy = "write" min_wrapping_ttl = "1m" max_wrapping_ttl = 90 }""",
        """{"path":{"secret/*":{"capabilities":["read"],"required_parameters":["x"],"denied_parameters":{"a":[]}}}}""",
        "length = 20\nrule \"charset\" { charset = \"abc\" min-chars = 1 }",
        "a = <<-EOF\n  x\n  EOF\nb = 0x1F /* c */ d \"e\" { f = -1.5e3, }",
    ];

    private static readonly Gen<char> Character =
        Gen.OneOf(Gen.Char, Gen.Char[' ', '~'], Gen.OneOf("{}[]\"\\=,<>-+*/#\n\t\0x1EOF".ToCharArray()));

    private static readonly Gen<string> Mutated =
        from seed in Gen.OneOf(Seeds)
        from edits in Gen.Select(
            Gen.Int[0, 4], Gen.Int[0, 10_000], Gen.Int[0, 20], Gen.String[Character, 0, 6]).Array[1, 6]
        select edits.Aggregate(seed, Edit);

    private static string Edit(string text, (int Kind, int At, int Length, string Piece) edit)
    {
        var at = edit.At % (text.Length + 1);
        var length = Math.Min(edit.Length, text.Length - at);
        return edit.Kind switch
        {
            0 => text.Remove(at, length),
            1 => text.Insert(at, edit.Piece),
            2 => text.Insert(at, text.Substring(at, length)),
            3 => text[..at],
            _ => text.Remove(at, length).Insert(at, edit.Piece),
        };
    }

    [Fact]
    public void RandomAndMutatedTextIsParsedOrRefusedAndNothingElse()
    {
        Gen.OneOf(Gen.String[Character, 0, 200], Mutated).Sample(
            text =>
            {
                var parsed = HclDocument.TryParse(text, HclLimits.Default, out var root, out var error);
                Assert.Equal(parsed, root is not null);
                Assert.NotEqual(parsed, error is not null);
                if (error is not null) Assert.True(error.Position is { Line: >= 1, Column: >= 1 });
                PasswordPolicy.TryParse(text, out _, out _);
                if (!PolicyDocument.TryParse(text, out var policy, out _)) return;
                Assert.True(parsed);
                using var sink = new MemoryStream();
                using var writer = new System.Text.Json.Utf8JsonWriter(sink);
                Acl.Compile([policy]).WriteResultant(writer);
            },
            iter: 30_000);
    }
}
