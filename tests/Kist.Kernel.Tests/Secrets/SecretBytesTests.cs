using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Secrets;

public sealed class SecretBytesTests
{
    private const string Canary = "canary-7Q2m";

    public static TheoryData<object> Secrets() =>
    [
        SecretBytes.FromText(Canary), Secret.OfText(Canary), Secret.OfBytes(Encoding.UTF8.GetBytes(Canary)),
        SecretBuffer.Copy(Encoding.UTF8.GetBytes(Canary)), LockedMemory.Copy(Encoding.UTF8.GetBytes(Canary)),
    ];

    [Theory]
    [MemberData(nameof(Secrets), DisableDiscoveryEnumeration = true)]
    public void NoSecretPrintsItself(object secret)
    {
        Assert.Equal("[REDACTED]", secret.ToString());
        Assert.Equal("[REDACTED]", $"{secret}");
        Assert.Equal("[REDACTED]", string.Format(null, "{0,5:x}", secret));
        Assert.Equal("\"[REDACTED]\"", JsonSerializer.Serialize(secret, secret.GetType()));
        Assert.Equal("{\"Inner\":\"[REDACTED]\"}", JsonSerializer.Serialize(new { Inner = secret }));
        foreach (var property in secret.GetType().GetProperties())
            if (property.PropertyType != typeof(Span<byte>) && property.GetIndexParameters().Length == 0)
                Assert.DoesNotContain(Canary, property.GetValue(secret)?.ToString());
        var display = secret.GetType().GetCustomAttributes(typeof(DebuggerDisplayAttribute), false);
        Assert.Equal("[REDACTED]", ((DebuggerDisplayAttribute)Assert.Single(display)).Value);
    }

    [Fact]
    public void NoSecretIsReadFromJson() =>
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<Secret<string>>($"\"{Canary}\""));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void BytesComeBackAndAreGoneAfterDisposal(int length)
    {
        var expected = new byte[length];
        PublicRandom.Fill(expected);
        var secret = SecretBytes.Copy(expected);
        Assert.Equal(length, secret.Length);
        Assert.Equal(expected, secret.RevealBytes());
        Assert.True(secret.FixedTimeEquals(expected));
        secret.Dispose();
        secret.Dispose();
        Assert.Throws<ObjectDisposedException>(() => secret.RevealBytes());
        Assert.Throws<ObjectDisposedException>(() => secret.FixedTimeEquals(expected));
    }

    [Fact]
    public unsafe void DisposalZeroesTheSlotBeforeItIsUsedAgain()
    {
        var secret = SecretBytes.FromText(new string('x', 2500));
        var address = secret.Use(0, static (bytes, _) => { fixed (byte* p = bytes) return (nint)p; });
        secret.Dispose();
        Assert.Equal(new byte[2500], new ReadOnlySpan<byte>((void*)address, 2500).ToArray());
        using var next = SecretBytes.FromText(new string('y', 2500));
        Assert.Equal(address, next.Use(0, static (bytes, _) => { fixed (byte* p = bytes) return (nint)p; }));
    }

    [Fact]
    public void ManySmallSecretsShareTheirPages()
    {
        var secrets = Enumerable.Range(0, 10_000).Select(i => SecretBytes.FromText($"value {i}")).ToList();
        Assert.Equal("value 9999", secrets[9999].RevealText());
        var pages = secrets.Select(s => s.Use(0, static (bytes, _) => AddressOf(bytes) / 4096)).Distinct().Count();
        Assert.InRange(pages, 1, 10_000 / 64);
        foreach (var secret in secrets) secret.Dispose();

        static unsafe long AddressOf(ReadOnlySpan<byte> span)
        {
            fixed (byte* p = span) return (long)p;
        }
    }

    [Fact]
    public void ReadersAndDisposalDoNotMeet()
    {
        for (var round = 0; round < 200; round++)
        {
            var secret = SecretBytes.FromText(Canary);
            Parallel.Invoke(
                () => Read(secret), () => Read(secret), secret.Dispose,
                () => { using var other = SecretBytes.FromText("something-else"); });
        }

        static void Read(SecretBytes secret)
        {
            try
            {
                Assert.Equal(Canary, secret.RevealText());
            }
            catch (ObjectDisposedException)
            {
                // Nothing was read: as it must be.
            }
        }
    }

    [Fact]
    public void EqualityIsOfTheBytes()
    {
        using var one = SecretBytes.FromText(Canary);
        using var same = SecretBytes.FromText(Canary);
        using var other = SecretBytes.FromText("canary-7Q2n");
        Assert.Equal(one, same);
        Assert.NotEqual(one, other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        using var text = Secret.OfText(Canary);
        using var sameText = Secret.OfText(Canary);
        Assert.True(text.FixedTimeEquals(sameText));
        Assert.True(text.FixedTimeEquals(Encoding.UTF8.GetBytes(Canary)));
        Assert.Equal(Canary, text.Reveal());
    }

    [Fact]
    public void ASecretOfAnyTypeIsParsedWhenItIsRevealed()
    {
        var parsed = 0;
        using var secret = new Secret<int>(SecretBytes.FromText("4711"), bytes =>
        {
            parsed++;
            return int.Parse(bytes);
        });
        Assert.Equal(0, parsed);
        Assert.Equal(4711, secret.Reveal());
        Assert.Equal("[REDACTED]", secret.ToString());
    }
}
