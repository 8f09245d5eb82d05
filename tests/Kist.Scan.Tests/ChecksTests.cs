using System.Buffers.Text;
using System.Text;

namespace Kist.Scan.Tests;

public sealed class ChecksTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());

    [Theory]
    [InlineData("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", true)]
    [InlineData("{\"kid\":\"ES256\",\"typ\":\"none at all\"}", false)]
    public void ATokenInBase64IsReadOnceMore(string header, bool isOne)
    {
        var random = new Random(4);
        for (var round = 0; round < 9; round++)
        {
            var signature = new byte[64];
            random.NextBytes(signature);
            // Every length, so that the base64 has none, one and two signs at its end.
            var claims = $"{{\"iss\":\"https://login.corp.internal{new string('/', round)}\",\"sub\":\"app\"}}";
            var token = string.Join('.', Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)),
                Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims)), Base64Url.EncodeToString(signature));
            var findings = new List<Finding>();

            s_scanner.Scan(
                Encoding.UTF8.GetBytes($"session: {Convert.ToBase64String(Encoding.ASCII.GetBytes(token))}\n"),
                new PieceInfo { Path = "a.yaml" }, findings);

            Assert.Equal(isOne ? ["jwt-base64"] : [], findings.Select(f => f.Rule.Id));
        }
    }
}
