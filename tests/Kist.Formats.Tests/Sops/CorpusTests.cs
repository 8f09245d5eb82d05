using System.Text;
using System.Text.Json;
using Kist.Formats.Sops;

namespace Kist.Formats.Tests.Sops;

/// <summary>Files of the real programs: what they decrypt to, and what they refuse.</summary>
public sealed class CorpusTests(SopsKeys keys) : IClassFixture<SopsKeys>
{
    private const string Alice = "age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55";

    public static TheoryData<string> All => [.. SopsData.Cases.Keys];
    public static TheoryData<string> WithJson =>
        [.. SopsData.Cases.Values.Where(c => c.PlaintextJson is not null).Select(c => c.Id)];
    public static TheoryData<string> WithSource =>
        [.. SopsData.Cases.Values.Where(c => c is { Source: not null, Decrypts: true }
            // What older versions took the same text for is another value today.
            && !c.Tags.Contains("tamper") && !c.Id.EndsWith("-v34") && c.Id != "json-v38-numbers")
            .Select(c => c.Id)];

    public static TheoryData<string> Refused
    {
        get
        {
            using var list = JsonDocument.Parse(SopsData.Read("encrypt-reject.json"));
            // Inputs that only other programs than ours refuse: what 3.8 and 3.4 did not know yet.
            return [.. list.RootElement.EnumerateArray().Select(c => SopsData.Text(c, "id")!)
                .Where(id => !id.Contains("-v38") && !id.Contains("-v34"))];
        }
    }

    [Fact]
    public void All_cases_are_there() => Assert.Equal(331, SopsData.Cases.Count);

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_decrypts_to_the_same_bytes_or_is_refused_with_the_same_code(string id)
    {
        var one = SopsData.Cases[id];
        var (plain, fault) = await SopsData.Decrypt(SopsData.Read(one.File), one.Format, one.File, keys.Of(one.Keys));
        if (one.Decrypts)
        {
            Assert.Null(fault?.ToString());
            Assert.Equal(Encoding.UTF8.GetString(SopsData.Read(one.Plaintext!)), Encoding.UTF8.GetString(plain!));
            Assert.Equal(SopsData.Read(one.Plaintext!), plain);
            return;
        }
        Assert.NotNull(fault);
        // Where the newest release accepts what others refuse, or falls over, only the refusal counts.
        if (one.Exit is not (0 or 2 or 4)) Assert.Equal(one.Exit, (int)fault.Exit);
        Assert.Equal(one.File, fault.File);
    }

    [Theory]
    [MemberData(nameof(WithJson))]
    public async Task It_is_the_same_json(string id)
    {
        var one = SopsData.Cases[id];
        var (plain, fault) = await SopsData.Decrypt(
            SopsData.Read(one.File), one.Format, one.File, keys.Of(one.Keys), SopsFormat.Json);
        Assert.Null(fault?.ToString());
        Assert.Equal(Encoding.UTF8.GetString(SopsData.Read(one.PlaintextJson!)), Encoding.UTF8.GetString(plain!));
    }

    /// <summary>Encrypts the source by the rules of the case, reads what was written, and gets the plain
    /// text.</summary>
    [Theory]
    [MemberData(nameof(WithSource))]
    public async Task A_source_is_encrypted_and_decrypted_again(string id)
    {
        var one = SopsData.Cases[id];
        var rules = SopsData.Load(one).Metadata.Rules;
        Assert.True(SopsTree.Load(SopsData.Read(one.Source!), one.Format, one.Source!).Try(out var tree, out var fault),
            fault?.ToString());
        using var key = DataKey.New();
        var recipient = new AgeMasterKey(Alice);
        var wrapped = await key.WrapAsync(new SopsMetadata { Groups = [new KeyGroup([recipient])], Rules = rules },
            keys.Of(["age-alice"]), CancellationToken.None);
        Assert.True(wrapped.Try(out var metadata, out fault), fault?.ToString());
        var encrypted = SopsFile.Encrypt(tree, metadata, key, one.Format, id, DateTimeOffset.UtcNow);
        Assert.True(encrypted.Try(out var file, out fault), fault?.ToString());
        Assert.True(file.Write(new SopsStyle()).Try(out var bytes, out fault), fault?.ToString());
        var (plain, refused) = await SopsData.Decrypt(bytes, one.Format, id, keys.Of(["age-alice"]));
        Assert.Null(refused?.ToString());
        Assert.Equal(Encoding.UTF8.GetString(SopsData.Read(one.Plaintext!)), Encoding.UTF8.GetString(plain!));
        // The shape of the file is that of the real one: all but the values.
        if (!one.Tags.Contains("old-version")
            && SopsData.Load(one).Metadata.Groups is [{ Keys: [AgeMasterKey { Recipient: Alice }] }])
            Assert.Equal(Shape(SopsData.Read(one.File)), Shape(bytes));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task An_input_that_cannot_be_encrypted_is_refused_with_the_same_code(string id)
    {
        using var list = JsonDocument.Parse(SopsData.Read("encrypt-reject.json"));
        var one = list.RootElement.EnumerateArray().Single(c => SopsData.Text(c, "id") == id);
        var format = SopsFormats.Named(SopsData.Text(one, "format")!)!.Value;
        var exit = one.GetProperty("real_exit_code").GetInt32();
        var source = SopsData.Text(one, "source")!;
        if (!SopsTree.Load(SopsData.Read(source), format, source).Try(out var tree, out var fault))
        {
            Assert.Equal(exit, (int)fault.Exit);
            Assert.Equal(source, fault.File);
            return;
        }
        if (tree.HasMetadata(format))
        {
            Assert.Equal(SopsExit.AlreadyEncrypted, (SopsExit)exit);
            return;
        }
        using var key = DataKey.New();
        var metadata = new SopsMetadata { Groups = [], Rules = SopsRules.Default };
        fault = SopsFile.Encrypt(tree, metadata, key, format, source, DateTimeOffset.UtcNow).Fault;
        Assert.NotNull(fault);
        Assert.Equal(exit, (int)fault.Exit);
        await Task.CompletedTask;
    }

    private static string Shape(byte[] file)
    {
        var text = Encoding.Latin1.GetString(file);
        text = System.Text.RegularExpressions.Regex.Replace(text, @"ENC\[AES256_GCM,[^\]]*type:", "ENC[");
        text = System.Text.RegularExpressions.Regex.Replace(text, @"(?m)^\s+[A-Za-z0-9+/=]{4,}\r?\n", "");
        text = System.Text.RegularExpressions.Regex.Replace(text,
            @"-----BEGIN AGE ENCRYPTED FILE-----(\\n|[A-Za-z0-9+/=])*-----END", "AGE");
        return System.Text.RegularExpressions.Regex.Replace(text, @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?!.*ENC)", "TIME");
    }
}
