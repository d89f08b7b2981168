import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.CRLSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.CRLToken;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;

import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/**
 * What the European Commission's validator (EU DSS, its default policy) says of signed PDFs: one JSON line a file.
 *
 * Usage: DssCheck [--crl LIST.der] ROOTS.pem FILE.pdf… Nothing is fetched; LIST.der is what fetching would have brought. The qualification of certificates under EU law is left
 * out: no Vietnamese authority stands on a European list.
 */
public final class DssCheck {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String list = arguments[0].equals("--crl") ? arguments[1] : null;
        if (list != null) arguments = Arrays.copyOfRange(arguments, 2, arguments.length);
        CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
        try (InputStream pem = new BufferedInputStream(new FileInputStream(arguments[0]))) {
            for (Certificate root : CertificateFactory.getInstance("X.509").generateCertificates(pem))
                roots.addCertificate(new CertificateToken((X509Certificate) root));
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(roots);
        if (list != null) {
            ExternalResourcesCRLSource lists = new ExternalResourcesCRLSource(new FileDocument(list));
            verifier.setCrlSource((CRLSource) (certificate, issuer) -> lists
                    .getRevocationTokens(certificate, issuer).stream().map(CRLToken.class::cast).findFirst().orElse(null));
        }
        for (int i = 1; i < arguments.length; i++) out.println(examine(arguments[i], verifier));
    }

    private static String examine(String path, CommonCertificateVerifier verifier) {
        try {
            SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(path));
            validator.setCertificateVerifier(verifier);
            SimpleReport report = validator.validateDocument().getSimpleReport();
            StringJoiner signatures = new StringJoiner(",", "[", "]");
            Set<String> stamps = new LinkedHashSet<>();
            for (String id : report.getSignatureIdList()) {
                signatures.add(one(report, id, ",\"format\":" + text(report.getSignatureFormat(id))
                        + ",\"signed_by\":" + text(report.getSignedBy(id))));
                report.getSignatureTimestamps(id).forEach(stamp -> stamps.add(stamp.getId()));
            }
            stamps.addAll(report.getTimestampIdList());
            StringJoiner times = new StringJoiner(",", "[", "]");
            for (String id : stamps) times.add(one(report, id, ""));
            return "{\"file\":" + text(path) + ",\"signatures\":" + signatures + ",\"timestamps\":" + times + "}";
        } catch (RuntimeException fault) {
            return "{\"file\":" + text(path) + ",\"error\":" + text(fault.toString()) + "}";
        }
    }

    private static String one(SimpleReport report, String id, String more) {
        return "{\"indication\":" + text(report.getIndication(id))
                + ",\"sub_indication\":" + text(report.getSubIndication(id)) + more
                + ",\"errors\":" + texts(report.getAdESValidationErrors(id))
                + ",\"warnings\":" + texts(report.getAdESValidationWarnings(id)) + "}";
    }

    private static String texts(List<Message> messages) {
        StringJoiner joined = new StringJoiner(",", "[", "]");
        for (Message message : messages) joined.add(text(message.getValue()));
        return joined.toString();
    }

    private static String text(Object value) {
        if (value == null) return "null";
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : value.toString().toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
