using System.Text;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Tests.Age;

/// <summary>Plug-ins are spoken to as age speaks to them, and can do no harm but fail.</summary>
public sealed class PluginTests : IDisposable
{
    /// <summary>Wraps by not encrypting at all; what it does besides depends on the name it is called by.</summary>
    private const string Script = """
        #!/bin/bash
        name=${0##*age-plugin-}
        say() { printf -- '-> %s\n%s\n' "$1" "$2"; IFS= read -r answer; IFS= read -r body; }
        text() { printf %s "$1" | base64 -w 0 | tr -d =; }
        while IFS= read -r line; do
          IFS= read -r body
          case $line in
            "-> wrap-file-key") key=$body ;;
            "-> recipient-stanza 0 plain "*) key=$body ;;
            "-> done") break ;;
          esac
        done
        case $name in
          dies) exit 1 ;;
          garbage) echo garbage; exit 0 ;;
          error) say "error internal" "$(text 'the device is gone')"; exit 0 ;;
          asks)
            say request-secret "$(text 'PIN for the device')"
            [ "$body" = "$(text 1234)" ] || { say "error internal" "$(text 'wrong PIN')"; exit 0; }
            say msg "$(text 'touch the device')"
            say "confirm $(text Go) $(text Stop)" "$(text 'go on?')"
            [ "$answer" = "-> ok yes" ] || { say "error internal" "$(text 'stopped')"; exit 0; } ;;
          odd) say "something-new x" ""; [ "$answer" = "-> unsupported" ] || exit 1 ;;
          labels) [ "$1" != --age-plugin=recipient-v1 ] || say "labels strong" "" ;;
          long) key=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB ;;
        esac
        case $1 in
          --age-plugin=recipient-v1) say "recipient-stanza 0 plain $name" "$key" ;;
          --age-plugin=identity-v1) [ -z "$key" ] || say "file-key 0" "$key" ;;
        esac
        printf -- '-> done\n\n'
        """;

    private readonly Programs _programs = new();
    private readonly List<string> _talk = [];

    public PluginTests()
    {
        foreach (var name in (string[])["plain", "dies", "garbage", "error", "asks", "odd", "labels", "long"])
            _programs.Add("age-plugin-" + name, Script);
    }

    private AgeHost Host => new()
    {
        PluginFolders = ["relative", _programs.Folder],
        AskSecret = prompt => { _talk.Add(prompt); return AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy("1234"u8)); },
        Confirm = (question, yes, no) => { _talk.Add($"{question} {yes}/{no}"); return AgeOutcome<bool>.Of(true); },
        Show = _talk.Add,
    };

    public void Dispose() => _programs.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("odd")]
    [InlineData("labels")]
    public void A_plug_in_wraps_and_unwraps(string name)
    {
        var file = AgeFile.Encrypt("value"u8, [Recipient(name)]);
        Assert.Null(file.Error);
        Assert.Equal("value", Open(file.Value!, name));
    }

    [Fact]
    public void Files_of_plug_ins_go_both_ways_between_age_and_here()
    {
        var recipient = Bech32.Encode("age1plain", [1, 2, 3]);
        File.WriteAllText(_programs["identity"], Bech32.Encode("age-plugin-plain-", [4], upper: true));
        var ours = AgeFile.Encrypt("value"u8, [Recipient("plain")]).Value!;
        Assert.Equal("value"u8.ToArray(), _programs.Run(ours, "age", "-d", "-i", _programs["identity"]));
        Assert.Equal("value", Open(_programs.Run("value"u8.ToArray(), "age", "-r", recipient), "plain"));
    }

    [Fact]
    public void A_plug_in_can_ask_the_person()
    {
        var file = AgeFile.Encrypt("value"u8, [Recipient("asks")]);
        Assert.Null(file.Error);
        Assert.Equal(["PIN for the device", "plug-in asks: touch the device", "go on? Go/Stop"], _talk);
    }

    [Fact]
    public void Where_nobody_can_be_asked_the_plug_in_hears_so()
    {
        var host = new AgeHost { PluginFolders = [_programs.Folder] };
        var recipient = AgeRecipient.Parse(Bech32.Encode("age1asks", [1]), host);
        Assert.Equal("plug-in asks: wrong PIN", AgeFile.Encrypt("value"u8, [recipient.Value!]).Error);
    }

    [Theory]
    [InlineData("dies", "it ended before it was done")]
    [InlineData("garbage", "it said what is no stanza")]
    [InlineData("error", "the device is gone")]
    [InlineData("absent", "there is no program age-plugin-absent in PATH")]
    public void A_plug_in_that_fails_is_a_fault_that_names_it(string name, string what)
    {
        var wrapping = AgeFile.Encrypt("value"u8, [Recipient(name)]);
        Assert.Equal(AgeFaultKind.Refused, wrapping.Fault?.Kind);
        Assert.Contains($"plug-in {name}: {what}", wrapping.Error);

        var file = AgeFile.Encrypt("value"u8, [Recipient("plain")]).Value!;
        var unwrapping = AgeFile.Decrypt(file, [Identity(name)]);
        Assert.Equal(AgeFaultKind.Refused, unwrapping.Fault?.Kind);
        Assert.Contains($"plug-in {name}: {what}", unwrapping.Error);
    }

    [Fact]
    public void A_file_key_of_another_length_is_refused()
    {
        var file = AgeFile.Encrypt("value"u8, [Recipient("plain")]).Value!;
        Assert.Equal(AgeFaultKind.Refused, AgeFile.Decrypt(file, [Identity("long")]).Fault?.Kind);
    }

    [Fact]
    public void A_plug_in_that_knows_no_stanza_of_the_file_is_no_match()
    {
        using var identity = X25519Identity.Generate();
        var file = AgeFile.Encrypt("value"u8, [identity.Recipient]).Value!;
        Assert.Equal(AgeFaultKind.NoMatch, AgeFile.Decrypt(file, [Identity("plain")]).Fault?.Kind);
    }

    [Fact]
    public void Labels_keep_a_plug_in_to_its_like()
    {
        Assert.Null(AgeFile.Encrypt("value"u8, [Recipient("labels"), Recipient("labels")]).Error);
        Assert.Equal(AgeFaultKind.Key,
            AgeFile.Encrypt("value"u8, [Recipient("labels"), Recipient("plain")]).Fault?.Kind);
    }

    [Fact]
    public void An_identity_can_be_encrypted_to_itself()
    {
        using var identity = PluginIdentity.OfName("plain", Host).Value!;
        var file = AgeFile.Encrypt("value"u8, identity.Recipients().Value!);
        Assert.Null(file.Error);
        Assert.Equal("value", Open(file.Value!, "plain"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("x/y")]
    [InlineData("/bin/sh")]
    [InlineData("")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    public void A_name_that_could_be_a_path_starts_nothing(string name)
    {
        Assert.Equal(AgeFaultKind.Key, PluginIdentity.OfName(name, Host).Fault?.Kind);
        Assert.Null(PluginName.Find(name, [_programs.Folder]));
        if (name.Contains('\0') || name.Contains(' ')) return; // Bech32 has no letters for them
        Assert.Equal(AgeFaultKind.Key, AgeRecipient.Parse(Bech32.Encode("age1" + name, [1]), Host).Fault?.Kind);
        var identity = Bech32.Encode($"age-plugin-{name}-", [1], upper: true);
        Assert.Equal(AgeFaultKind.Key, AgeIdentity.Parse(Encoding.ASCII.GetBytes(identity), Host).Fault?.Kind);
    }

    [Fact]
    public void What_cannot_be_run_and_what_lies_in_a_relative_folder_is_no_plug_in()
    {
        File.WriteAllText(_programs["age-plugin-text"], Script);
        Assert.Null(PluginName.Find("text", [_programs.Folder]));
        Assert.Null(PluginName.Find("plain", [".", "", Path.GetRelativePath(".", _programs.Folder)]));
        Assert.Equal(_programs["age-plugin-plain"], PluginName.Find("plain", [_programs.Folder]));
    }

    private IAgeRecipient Recipient(string name)
    {
        var outcome = AgeRecipient.Parse(Bech32.Encode("age1" + name, [1, 2, 3]), Host);
        Assert.Null(outcome.Error);
        return outcome.Value!;
    }

    private IAgeIdentity Identity(string name)
    {
        var text = Bech32.Encode($"age-plugin-{name}-", [4], upper: true);
        var outcome = AgeIdentity.Parse(Encoding.ASCII.GetBytes(text), Host);
        Assert.Null(outcome.Error);
        return outcome.Value!;
    }

    private string Open(byte[] file, string name)
    {
        var plain = AgeFile.Decrypt(file, [Identity(name)]);
        Assert.Null(plain.Error);
        using (plain.Value) return Encoding.UTF8.GetString(plain.Value!.Span);
    }
}
